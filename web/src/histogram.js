// Blocks by size or lifetime: bars, and the same as a table for whoever cannot see them.
import { h } from "./dom.js";
import { bytes, count, ns, share } from "./units.js";

const FEW = 16; // distinct values get a bar each

// Bars [{from, to, blocks}] of [{value, blocks}]: one a value where they are few, else
// one a power of `base`, empty ones between others too.
export function bars(values, base) {
	const distinct = new Map();

	for (const { value, blocks } of values)
		distinct.set(value, (distinct.get(value) ?? 0) + blocks);
	if (distinct.size <= FEW && base === 2)
		return [...distinct].sort((a, b) => a[0] - b[0]).map(([value, blocks]) => ({ from: value, to: value, blocks }));
	const bins = new Map();

	for (const [value, blocks] of distinct) {
		// not by logarithms: 1000 must be where 1000 is
		let power = 0;

		while (base ** (power + 1) <= value)
			power++;
		bins.set(power, (bins.get(power) ?? 0) + blocks);
	}
	const powers = [...bins.keys()];
	const first = Math.min(...powers);

	return powers.length === 0 ? [] : Array.from({ length: Math.max(...powers) - first + 1 }, (_, at) => ({
		from: base ** (first + at), to: base ** (first + at + 1), blocks: bins.get(first + at) ?? 0,
	}));
}

function draw(title, found, label) {
	const all = found.reduce((sum, bar) => sum + bar.blocks, 0);
	const most = Math.max(...found.map((bar) => bar.blocks));

	return h("figure", { class: "histogram" },
		h("div", { class: "bars", role: "img", "aria-label": `${title}: the table below has the numbers` },
			found.map((bar) => h("div", { class: "column", title: `${label(bar)}: ${count(bar.blocks)} blocks, ${share(bar.blocks, all)}` },
				h("div", { class: "up", style: { height: `${100 * bar.blocks / most}%` } })))),
		h("div", { class: "ends", "aria-hidden": "true" }, h("span", null, label(found[0])),
			found.length > 1 ? h("span", null, label(found.at(-1))) : null),
		h("details", null, h("summary", null, "as a table"), h("table", { class: "plain-table" },
			h("thead", null, h("tr", null, h("th", { scope: "col" }, title),
				h("th", { scope: "col", class: "n" }, "Blocks"), h("th", { scope: "col", class: "n" }, "Share"))),
			h("tbody", null, found.filter((bar) => bar.blocks > 0).map((bar) => h("tr", null,
				h("th", { scope: "row" }, label(bar)), h("td", { class: "n" }, count(bar.blocks)),
				h("td", { class: "n" }, share(bar.blocks, all))))))));
}

export function sizes(values) {
	const found = bars(values.map(({ size, blocks }) => ({ value: size, blocks })), 2);

	return found.length < 2 ? null : draw("Size", found,
		({ from, to }) => from === to ? bytes(from) : `${bytes(from)} to ${bytes(to - 1)}`);
}

// Lifetimes range over ten orders of magnitude: powers of four.
export function lives(values) {
	const found = bars(values.map(({ life_ns: value, blocks }) => ({ value, blocks })), 4);

	return found.length === 0 ? null : draw("Lifetime", found, ({ from, to }) => `${ns(from)} to ${ns(to)}`);
}
