// The verdicts, in the order of the report's table. A verdict is a word, a letter and a
// colour; the colour never stands alone. The colours are variables of style.css, one set
// a theme: blue-green for what can leave the heap, amber for what can in part, grey and
// violet for what stays.

export const VERDICTS = [
	{ name: "stack", mark: "S", kind: "move", advice: "make each a local variable" },
	{ name: "buffer", mark: "B", kind: "move", advice: "a local buffer, the heap beyond it" },
	{ name: "caller", mark: "C", kind: "move", advice: "return by value, or let the caller pass storage" },
	{ name: "reuse", mark: "R", kind: "part", advice: "allocate once in the owner and reuse it" },
	{ name: "mixed", mark: "M", kind: "part", advice: "on the stack, copied where a path escapes" },
	{ name: "large", mark: "L", kind: "part", advice: "does not escape, but too large for the stack" },
	{ name: "heap", mark: "H", kind: "keep", advice: "escapes to the heap, as it should" },
	{ name: "thread", mark: "T", kind: "keep", advice: "escapes to another thread" },
	{ name: "live", mark: "N", kind: "keep", advice: "never freed while observed" },
	{ name: "unknown", mark: "?", kind: "open", advice: "not decided" },
];

const UNKNOWN = VERDICTS.length - 1;
const places = new Map(VERDICTS.map((verdict, at) => [verdict.name, at]));

// Its place in VERDICTS; what nobody knows is `unknown`.
export function indexOf(name) {
	return places.get(name) ?? UNKNOWN;
}

export function verdictOf(name) {
	return VERDICTS[indexOf(name)];
}

// What canvases paint with, by place: {fill, ink}, of the theme that is shown now.
export function colours(element = document.documentElement) {
	const style = getComputedStyle(element);

	return VERDICTS.map(({ name }) => ({
		fill: style.getPropertyValue(`--v-${name}`).trim(),
		ink: style.getPropertyValue(`--v-${name}-ink`).trim(),
	}));
}
