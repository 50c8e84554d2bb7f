// Numbers as the commands write them (analyzer/util/show.c): three digits and a unit,
// rounded the same way, so that a number on the page is found in the report.

// `printf("%.*f")`: a tie goes to the even digit, where toFixed() goes up.
function fixed(value, digits) {
	const tie = value * 2 ** (digits + 1);

	if (!Number.isInteger(tie) || tie % 2 === 0 || tie > 2 ** 52)
		return value.toFixed(digits);
	const below = Math.floor(value * 10 ** digits);

	return ((below + below % 2) / 10 ** digits).toFixed(digits);
}

function scaled(value, units) {
	const unit = units.find(([size]) => value >= size * 0.9995) ?? units.at(-1);
	const size = unit[0];
	const shown = value / size;
	const digits = size <= 1 || shown >= 99.95 ? 0 : shown >= 9.995 ? 1 : 2;

	return fixed(Math.min(shown, 1e15), digits) + unit[1];
}

const COUNTS = [[1e12, " T"], [1e9, " G"], [1e6, " M"], [1e3, " k"], [1, ""]];
const BYTES = [[2 ** 40, " TiB"], [2 ** 30, " GiB"], [2 ** 20, " MiB"], [1024, " KiB"], [1, " B"]];
const TIMES = [[3600e9, " h"], [60e9, " min"], [1e9, " s"], [1e6, " ms"], [1e3, " us"], [1, " ns"]];

const known = (value) => value > 0 ? value : 0;

export function count(value) {
	return value < 9999.5 || !(value > 0) ? fixed(known(value), 0) : scaled(value, COUNTS);
}

export function bytes(value) {
	return scaled(known(value), BYTES);
}

export function ns(value) {
	return scaled(known(value), TIMES);
}

// All and nothing are said only of all and nothing.
export function share(part, whole) {
	// 100 * part / part may be less than 100
	const percent = part === whole && whole > 0 ? 100 : whole > 0 ? 100 * part / whole : 0;

	if (percent > 0 && percent < 0.1)
		return "<0.1%";
	if (percent >= 99.5 && percent < 100)
		return percent < 99.9 ? `99.${Math.trunc((percent - 99) * 10)}%` : ">99.9%";
	return `${fixed(Math.min(percent, 1e6), percent > 0 && percent < 9.95 ? 1 : 0)}%`;
}

// "1 block", "63.7 k blocks".
export function plural(value, word) {
	return `${count(value)} ${word}${value === 1 ? "" : "s"}`;
}

// Every digit, in groups: for titles and where one number is all there is.
export function exact(value) {
	return String(Math.round(known(value))).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

// What a metric is called, and how its numbers read.
export const METRICS = {
	blocks: { title: "Blocks", show: count },
	bytes: { title: "Bytes", show: bytes },
	cost_ns: { title: "Time", show: ns },
	live: { title: "Live", show: count },
};
