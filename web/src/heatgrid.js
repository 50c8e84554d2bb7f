// Cells of size and lifetime, both in powers of two, as a grid.

/*
 * The cells of the chosen sites as a grid: sizes and lives from least to most, `never` after
 * them as the last column. weight(row): the share of a site's blocks that counts.
 * {size: [least, most], life: [least, most], columns, rows, sum, most, heaviest,
 * value(size, life)}
 */
export function gridOf({ cells }, rowOf, weight, metric) {
	const used = [];
	let [lowSize, highSize, lowLife, highLife] = [Infinity, -Infinity, Infinity, -Infinity];

	for (let at = 0; at < cells.site.length; at++) {
		const part = weight(rowOf(cells.site[at]));
		const life = cells.life[at] ?? -1;

		if (!(part > 0) || !(cells[metric][at] > 0))
			continue;
		used.push([cells.size[at], life, cells[metric][at] * part]);
		lowSize = Math.min(lowSize, cells.size[at]);
		highSize = Math.max(highSize, cells.size[at]);
		if (life >= 0) {
			lowLife = Math.min(lowLife, life);
			highLife = Math.max(highLife, life);
		}
	}
	if (used.length === 0)
		return null;
	if (highLife < lowLife)
		[lowLife, highLife] = [0, 0];
	const columns = highLife - lowLife + 2;
	const rows = highSize - lowSize + 1;
	const values = new Float64Array(columns * rows);
	const place = (size, life) => (size - lowSize) * columns + (life < 0 ? columns - 1 : life - lowLife);
	let sum = 0;

	for (const [size, life, value] of used) {
		values[place(size, life)] += value;
		sum += value;
	}
	const top = values.reduce((best, one, at) => one > values[best] ? at : best, 0);
	const life = top % columns;

	return {
		size: [lowSize, highSize], life: [lowLife, highLife], columns, rows, sum, most: values[top],
		heaviest: { size: lowSize + Math.floor(top / columns), life: life === columns - 1 ? -1 : lowLife + life },
		value: (size, life) => values[place(size, life)],
	};
}

// Lives of the columns, from the shortest; -1, never, is the last.
export const livesOf = ({ life }) => [...Array.from({ length: life[1] - life[0] + 1 }, (_, at) => life[0] + at), -1];

// The box between two cells: sizes and lives in order; where one of two lives is -1 it holds
// what was never freed as well.
export function boxOf(a, b) {
	const lives = [a.life, b.life].sort((one, other) => one - other);

	return { size: [Math.min(a.size, b.size), Math.max(a.size, b.size)], life: lives };
}
