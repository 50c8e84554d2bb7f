// Small things that several views are made of.
import { h, s } from "./dom.js";
import { base, place } from "./text.js";
import { verdictOf } from "./verdicts.js";

// The letter of a verdict on its colour, and the word.
export function badge(name, { word = true } = {}) {
	const verdict = verdictOf(name);

	return h("span", { class: "verdict", title: word ? verdict.advice : `${verdict.name}: ${verdict.advice}` },
		h("span", { class: `mark v-${verdict.name}`, "aria-hidden": word ? "true" : null }, verdict.mark),
		word ? ` ${verdict.name}` : null);
}

// A name of the program: whole in its title, cut by style where it is too long.
export function name(text, other = "??") {
	return h("span", { class: "name", title: text }, text || other);
}

// Where: `file:line`, the whole path in its title.
export function where({ file, line, module }) {
	return h("span", { class: "where", title: file || module }, place(file, line, module));
}

// What to do where there is nothing to see.
export function empty(title, ...children) {
	return h("div", { class: "empty" }, h("p", null, h("strong", null, title)), h("p", null, children));
}

// Why nothing of what is chosen can be shown.
export function nothing({ model, choice }) {
	return model.count === 0
		? empty("No allocation was recorded.", "A static program, or one with a malloc of its own, is not seen; esc info says what was.")
		: empty(choice.count === 0 ? "No site is like that." : "Nothing that is chosen weighs anything.",
			"Remove a filter above (key x for all of them)", choice.count === 0 ? "." : ", or weigh by blocks.");
}

export function section(title, ...children) {
	return h("section", { class: "part" }, h("h3", null, title), children);
}

// The part of a whole, as a bar; the number stands beside it, in text.
export function meter(part, className = "") {
	const width = Math.max(0, Math.min(1, part || 0));

	return h("span", { class: `meter ${className}`, "aria-hidden": "true", style: { "--part": `${(width * 100).toFixed(1)}%` } });
}

const SPARKS = 1000;
const sparks = new Map(); // by shape: rows come and go while a table is scrolled

function makeSpark(shape) {
	const path = [...shape].map((digit, at) => {
		const height = parseInt(digit, 16) + 1;

		return height > 1 ? `M${at * 4} 16v-${height}h3v${height}z` : "";
	}).join("");

	return s("svg", { class: "spark", viewBox: `0 0 ${shape.length * 4} 16`, "aria-hidden": "true" }, s("path", { d: path }));
}

// `life_shape`: blocks by powers of four of a nanosecond, 0 to f, logarithmic.
export function spark(shape) {
	if (!shape)
		return null;
	if (sparks.size > SPARKS)
		sparks.clear();
	if (!sparks.has(shape))
		sparks.set(shape, makeSpark(shape));
	return sparks.get(shape).cloneNode(true);
}

// Where the program's own frames begin and end: behind the wrappers of malloc that are
// innermost, before start-up code. All, where nothing else is there.
export function ownFrames(frames) {
	const first = frames.findIndex((frame) => !frame.wrapper);
	const startup = frames.findIndex((frame, at) => frame.startup && frames.slice(at).every((one) => one.startup));

	return first < 0 ? [0, frames.length] : [first, startup > first ? startup : frames.length];
}

// Frames of a stack, innermost first: {function, file, line, module, wrapper, startup}.
// What is no code of the program is folded, and what is beyond `most`.
export function stack(frames, { most = 6, link } = {}) {
	const [first, end] = ownFrames(frames);
	const line = (frame) => h("li", { class: frame.wrapper || frame.startup ? "dim" : null },
		link?.(frame) ?? name(frame.function), " ", where(frame));
	const fold = (some, title) => some.length === 0 ? null : h("li", { class: "more" }, h("details", null,
		h("summary", null, title(some.length)), h("ol", { class: "stack" }, some.map(line))));
	const cut = Math.min(end, first + most);

	return h("ol", { class: "stack" },
		fold(frames.slice(0, first), (count) => `${count} of malloc and its wrappers`),
		frames.slice(first, cut).map(line), fold(frames.slice(cut, end), (count) => `${count} more`),
		fold(frames.slice(end), (count) => `${count} of start-up code`));
}

export { base, place };
