// Lines of source, with their numbers and what stands in their margin.
import { h } from "./dom.js";
import { visible } from "./text.js";

const TAB = 8;
const CHUNK = 200; // lines that the browser may leave out of its layout together
const WIDEST = 1000;

// Tabs as the blanks that they stand for: they would show as \x09.
export function untab(text) {
	let made = "";

	for (const part of text.split("\t"))
		made += part + " ".repeat(TAB - (made.length + part.length) % TAB);
	return text.includes("\t") || text === "" ? made.trimEnd() : text;
}

function line(text, number, { margin, current, mark }) {
	return h("div", {
		class: `code-line${current ? " current" : ""}${mark ? " marked" : ""}`, id: `line-${number}`,
		"aria-current": current ? "true" : null,
	}, h("span", { class: "number" }, String(number)), margin === undefined ? null : h("span", { class: "margin" }, margin),
	h("code", { class: "text" }, visible(untab(text), WIDEST) || " "));
}

/*
 * lines from the number `first` on; `current` is the number of the line that is meant;
 * margin(number), where there is one, returns what stands beside it, or null.
 */
export function code(lines, { first = 1, current = 0, margin, label = "Source" }) {
	const chunks = [];

	for (let at = 0; at < lines.length; at += CHUNK) {
		const some = lines.slice(at, at + CHUNK);

		chunks.push(h("div", { class: "chunk", style: { "contain-intrinsic-size": `auto ${some.length * 18}px` } },
			some.map((text, place) => {
				const number = first + at + place;
				const beside = margin?.(number);

				return line(text, number, { margin: margin ? beside : undefined, current: number === current, mark: beside });
			})));
	}
	return h("div", { class: `source-code${margin ? " margins" : ""}`, role: "region", tabindex: 0, "aria-label": label }, chunks);
}
