// Round numbers along an axis.

const DECIMAL = [1, 2, 5, 10];
const BINARY = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
// Of time: after seconds come sixties.
const TIMES = [1e9, 2e9, 5e9, 10e9, 15e9, 30e9, 60e9, 120e9, 300e9, 600e9, 1800e9, 3600e9, 7200e9, 14400e9, 43200e9, 86400e9];

// The smallest round step that makes at most `most` of `whole`.
export function stepOf(whole, most, kind = "decimal") {
	const least = whole / Math.max(1, most);

	if (!(least > 0))
		return 1;
	if (kind === "time" && least > 0.5e9)
		return TIMES.find((one) => one >= least) ?? TIMES.at(-1) * Math.ceil(least / TIMES.at(-1));
	const base = kind === "bytes" ? 1024 : 10;
	const size = base ** Math.floor(Math.log(least) / Math.log(base));

	return size * ((kind === "bytes" ? BINARY : DECIMAL).find((one) => size * one >= least * 0.999999) ?? base);
}

// All multiples of the step between two values, which make at most `most` of it.
export function between(from, to, most, kind) {
	const step = stepOf(to - from, most, kind);
	const first = Math.ceil(from / step * 0.999999);

	return Array.from({ length: Math.max(0, Math.floor(to / step * 1.000001) - first + 1) }, (_, at) => (first + at) * step);
}
