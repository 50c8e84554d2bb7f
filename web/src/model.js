// The sites as columns: a typed array a number, indexes and distinct strings a text.
// A row is a number below `count`; what a site is called elsewhere is its `id`.

const NOTHING = { text: [""], at: null };

function numbers(values, count) {
	const made = new Float64Array(count);

	for (let row = 0; row < count; row++) {
		const value = values[row];

		made[row] = typeof value === "number" ? value : value === true ? 1 : value === false ? 0 : NaN;
	}
	return made;
}

function texts({ text, at }, count) {
	const made = new Int32Array(count);

	for (let row = 0; row < count; row++)
		made[row] = Number.isInteger(at[row]) && at[row] >= 0 && at[row] < text.length ? at[row] : text.length;
	return { text: [...text.map((one) => one ?? ""), ""], at: made };
}

// From the document `table`, or `first` of a run that has `total` sites. Columns that it
// lacks are empty, not an error: the document may be of another version.
export function model({ run, sites, nameless }, total = sites.count) {
	const count = sites.count;
	const columns = new Map();
	const byId = new Map();

	for (const [name, column] of Object.entries(sites.columns))
		columns.set(name, Array.isArray(column) ? numbers(column, count) : texts(column, count));
	const ids = columns.get("id");

	for (let row = 0; row < count; row++)
		byId.set(ids ? ids[row] : row, row);
	return {
		run,
		nameless, // of all sites: modules without lines, as columns
		count,
		total,
		whole: count === total, // or there are the first rows alone
		has: (name) => columns.has(name),
		// A Float64Array (NaN: nothing) of numbers; NaNs where there is no such column.
		numbers(name) {
			if (!(columns.get(name) instanceof Float64Array))
				columns.set(name, new Float64Array(count).fill(NaN));
			return columns.get(name);
		},
		// {text, at}: text[at[row]] is the row's.
		texts(name) {
			const found = columns.get(name);

			return found?.text ? found : { ...NOTHING, at: new Int32Array(count) };
		},
		number: (name, row) => columns.get(name)?.[row] ?? NaN,
		text(name, row) {
			const found = columns.get(name);

			return found?.text ? found.text[found.at[row]] : "";
		},
		id: (row) => ids ? ids[row] : row,
		// The row of an id (a number, or its text in a URL); -1: none.
		row: (id) => byId.get(Number(id)) ?? -1,
	};
}

// The order of rows by a column, as an Int32Array: stable, nothing always last.
export function order(rows, key, down, isText) {
	const sign = down ? -1 : 1;
	const compare = isText
		? (a, b) => (key(a) === "") - (key(b) === "") || (key(a) === "" ? 0 :
			sign * (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0))
		: (a, b) => Number.isNaN(key(a)) - Number.isNaN(key(b)) ||
			(Number.isNaN(key(a)) ? 0 : sign * (key(a) - key(b)));

	return Int32Array.from(rows).sort(compare);
}
