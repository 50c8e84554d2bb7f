// The time line: what was live and how fast it was allocated. A range that is chosen here
// every view follows.
import { plot as plotPart } from "../assets.js";
import { chart } from "../chart.js";
import { fill, h } from "../dom.js";
import { choose, heatSums, needs, parseFilter } from "../filter.js";
import { empty } from "../parts.js";
import { between, chosenBlocks, rounded, slicesOf } from "../slices.js";
import * as state from "../state.js";
import { timeplot } from "../timeplot.js";
import { base } from "../text.js";
import * as tip from "../tip.js";
import { bytes, count, ns, plural } from "../units.js";

const DRAG = 4; // pixels; less is a click
const ROWS = 64; // of the table
const NEARER = 0.7; // by a key; a wheel turns by less

let context = null;
let parts = null;
let plot = null; // timeplot, or null: there is no uPlot
let width = 0; // that it was made for
let shown = null; // {slices, whole, grid, step, begin, canChoose, chosen}
let cursor = 0; // a slice of the grid
let brush = null; // {x, from, to, near}: while it is drawn; near: it is to zoom
let anchor = null; // where a choice by keys began

const startOf = (slice) => shown.begin + slice * shown.step;
const endOf = (slice) => Math.min(shown.whole, startOf(slice + 1));

function rangeNow() {
	const { from, to } = parseFilter(context.state);

	return from === null && to === null ? null : { from: from ?? 0, to: Math.min(to ?? shown.whole, shown.whole) };
}

// The part that the URL says is to be seen; null: all.
function zoomNow() {
	const found = /^(\d+)-(\d+)$/.exec(context.state.zoom ?? "");
	const [from, to] = found ? found.slice(1).map(Number) : [0, 0];

	return from < to && to <= shown.whole ? { from, to } : null;
}

const hiddenNow = () => new Set((context.state.hide ?? "frees").split(","));

function lines() {
	const hidden = hiddenNow();
	const of = (key) => shown.slices.map(({ from, to, [key]: value }) => ({ from, to, value }));
	const rate = (value) => `${count(value)}/s`;

	return [
		{ key: "live", place: 0, name: "Live bytes, at most in each slice", list: of("live"), show: bytes, colour: "accent", filled: true },
		{ key: "rate", place: 1, name: "Allocations a second", list: of("rate"), show: rate, colour: shown.chosen ? "dust" : "accent", filled: !shown.chosen },
		shown.chosen && {
			key: "chosen", place: 1, name: "of the chosen sites", show: rate, colour: "accent", filled: true,
			list: Array.from(shown.chosen, (value, at) => ({ from: startOf(at), to: endOf(at), value })),
		},
		{ key: "frees", place: 1, name: "Frees a second", list: of("freed"), show: rate, colour: "hit" },
	].filter(Boolean).map((line) => ({ ...line, hidden: hidden.has(line.key) }));
}

function toggle({ key }) {
	const hidden = hiddenNow();

	if (!hidden.delete(key))
		hidden.add(key);
	state.set({ hide: [...hidden].filter(Boolean).join() || "none" }, { replace: true });
}

function drawPlot(uPlot) {
	// with the keyboard on a line's button it stays there
	const buttons = () => [...parts.box.querySelectorAll("button")];
	const held = buttons().indexOf(document.activeElement);

	const untold = plot?.untold();

	plot?.end();
	plot = uPlot && timeplot(uPlot, lines(), {
		whole: shown.whole, zoom: zoomNow(), toggle,
		zoomed: (seen) => state.set({ zoom: seen && `${Math.floor(seen.from)}-${Math.ceil(seen.to)}` }, { replace: true }),
	});
	fill(parts.box, plot?.parts ?? empty("Not painted: this esc was built without uPlot.",
		"The table below has the numbers, and the keys choose a range. ./configure says how uPlot comes."));
	buttons()[held]?.focus();
	if (untold)
		plot.look(untold);
	parts.under.open = parts.under.open || !plot;
	width = 0;
	parts.repaint();
}

function paint() {
	if (!shown || !plot)
		return;
	const theme = `${parts.box.clientWidth} ${document.documentElement.dataset.theme}`;

	if (theme !== width) {
		plot.make(parts.box.clientWidth);
		width = theme;
	}
	const drawn = brush && !brush.near ? rounded(shown.grid, brush.from, brush.to, shown.whole) : brush;

	plot.choose(drawn ? { from: Math.min(drawn.from, drawn.to), to: Math.max(drawn.from, drawn.to) } : rangeNow());
	if (document.activeElement === parts.box)
		plot.point((startOf(cursor) + endOf(cursor)) / 2);
}

function words(from, to) {
	const { live, allocations, frees } = between(shown.slices, from, to);
	const chosen = shown.chosen && shown.chosen[Math.floor((from - shown.begin + 1) / shown.step)] || 0;

	return `${ns(from)} to ${ns(to)}: at most ${bytes(live)} live, ${plural(allocations, "allocation")} ` +
		`(${count(allocations * 1e9 / Math.max(1, to - from))} a second), ${plural(frees, "free")}` +
		(shown.chosen && to - from <= shown.step * 1.01 ? `; of the chosen sites ${plural(chosen * shown.step / 1e9, "block")}` : "");
}

function say() {
	const range = rangeNow();

	fill(parts.now, range ? `Chosen: ${words(range.from, range.to)}`
		: words(startOf(cursor), endOf(cursor)));
}

const setRange = (range, how) => state.set({ from: Math.round(range.from), to: Math.round(range.to) }, how);

// The cursor's slice is to be seen.
function follow() {
	const seen = plot?.seen();

	if (seen && (startOf(cursor) < seen.from || endOf(cursor) > seen.to))
		plot.look({ from: startOf(cursor) - (seen.to - seen.from) / 2, to: startOf(cursor) + (seen.to - seen.from) / 2 });
}

// False: it is none.
function zoomKey(name) {
	const { from, to } = plot.seen();

	if (name === "+" || name === "=")
		plot.zoom(NEARER, (startOf(cursor) + endOf(cursor)) / 2);
	else if (name === "-")
		plot.zoom(1 / NEARER, (from + to) / 2);
	else if ((name === "0" || name === "Escape") && to - from < shown.whole)
		plot.reset();
	else
		return false;
	parts.repaint();
	return true;
}

function key(event) {
	if (event.ctrlKey || event.altKey || event.metaKey || event.target !== parts.box)
		return;
	const last = Math.max(0, Math.ceil((shown.whole - shown.begin) / shown.step) - 1);
	const to = { ArrowLeft: cursor - 1, ArrowRight: cursor + 1, Home: 0, End: last, PageUp: cursor - 8, PageDown: cursor + 8 }[event.key];
	const range = rangeNow();

	if (to !== undefined) {
		const next = Math.max(0, Math.min(last, to));

		if (event.shiftKey && shown.canChoose) {
			anchor ??= cursor;
			cursor = next;
			setRange({ from: startOf(Math.min(anchor, next)), to: startOf(Math.max(anchor, next) + 1) },
				{ replace: range !== null });
		} else {
			anchor = null;
			cursor = next;
			follow();
			parts.repaint();
			fill(parts.now, words(startOf(cursor), endOf(cursor)));
		}
	} else if (event.key === "Enter" && shown.canChoose) {
		setRange({ from: startOf(cursor), to: startOf(cursor + 1) });
	} else if (event.key === "Escape" && range) {
		state.set({ from: null, to: null });
	} else if (!plot || !zoomKey(event.key)) {
		return;
	}
	event.preventDefault();
	event.stopPropagation();
}

function release(event) {
	const made = brush;

	brush = null;
	if (!made)
		return;
	const time = plot.timeAt(event.clientX);

	cursor = Math.max(0, Math.floor((time - shown.begin) / shown.step));
	parts.repaint();
	if (Math.abs(event.clientX - made.x) < DRAG)
		say();
	else if (made.near)
		plot.look({ from: Math.min(made.from, time), to: Math.max(made.from, time) });
	else if (shown.canChoose)
		setRange(rounded(shown.grid, made.from, time, shown.whole));
}

function wheel(event) {
	const { from, to } = plot?.seen() ?? {};

	// the page scrolls where there is nothing to zoom
	if (!plot || event.deltaY === 0 || (event.deltaY > 0 && to - from >= shown.whole))
		return;
	event.preventDefault();
	plot.zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 400))), plot.timeAt(event.clientX));
}

function bindPointer() {
	parts.box.addEventListener("pointerdown", (event) => {
		if (event.button !== 0 || !plot || event.target.closest("button"))
			return;
		const time = plot.timeAt(event.clientX);

		brush = { x: event.clientX, from: time, to: time, near: event.shiftKey };
		parts.box.setPointerCapture(event.pointerId);
	});
	parts.box.addEventListener("pointermove", (event) => {
		if (!plot)
			return;
		const time = plot.timeAt(event.clientX);

		if (brush) {
			brush.to = time;
			parts.repaint();
		}
		const step = rounded(shown.grid, brush ? brush.from : time, time, shown.whole);

		tip.show(event.clientX, event.clientY, h("p", null, words(step.from, Math.min(step.to, shown.whole))));
	});
	parts.box.addEventListener("pointerup", release);
	parts.box.addEventListener("dblclick", () => plot?.reset());
	parts.box.addEventListener("wheel", wheel, { passive: false });
}

function drawTable() {
	const every = Math.ceil(shown.slices.length / ROWS);
	const rows = [];

	for (let at = 0; at < shown.slices.length; at += every) {
		const from = shown.slices[at].from;
		const { to } = shown.slices[Math.min(shown.slices.length, at + every) - 1];
		const { live, allocations, frees } = between(shown.slices, from, to);

		rows.push(h("tr", null, h("td", { class: "n" }, ns(from)), h("td", { class: "n" }, ns(to)),
			h("td", { class: "n" }, bytes(live)), h("td", { class: "n" }, count(allocations)), h("td", { class: "n" }, count(frees))));
	}
	fill(parts.table, h("table", { class: "plain-table" }, h("thead", null, h("tr", null,
		["From", "To", "Live, at most", "Allocations", "Frees"].map((one) => h("th", { scope: "col", class: "n" }, one)))),
	h("tbody", null, rows)));
}

function drawNote(range) {
	const { runs, exe } = context.info.run;

	// times of several have nothing in common
	fill(parts.note, runs > 1 ? h("strong", null, `Of the first of ${runs} runs alone (${base(exe ?? "")}). `) : null, shown.canChoose
		? h("span", null, "Drag to choose a range (keys: Shift with arrows); every view then shows what was allocated in it. " +
			`Slices of ${ns(shown.step)}: a range is rounded to whole ones. ` +
			"The wheel, a drag with Shift and + and - zoom; a double click or 0 shows all.")
		: h("span", null, "This database does not say when sites allocated, so that no range can be chosen: analyze the trace again."),
	range ? h("button", { type: "button", class: "link", onclick: () => state.set({ from: null, to: null }) }, "whole run (Esc)") : null);
}

// Allocations a second of the chosen sites, by slice of the cells; null: all are chosen.
async function chosenRates(cells) {
	const filter = { ...parseFilter(context.state), from: null, to: null };
	const documents = {};

	for (const name of needs(filter))
		documents[name] = await context.find(name);
	const choice = choose(context.model, filter, documents);
	const tree = choice.all ? null : await context.find("tree");

	if (!tree)
		return null;
	const shares = filter.heat && documents.heat ? heatSums(context.model, documents.heat, filter.heat).share : null;

	return chosenBlocks(cells, tree, context.model, choice, shares).map((value) => value * 1e9 / cells.slice_ns);
}

async function show(root) {
	const slices = slicesOf(context.info.timeline ?? []).map((one) => ({
		...one, freed: one.to > one.from ? one.frees * 1e9 / (one.to - one.from) : 0,
	}));

	if (slices.length === 0) {
		fill(root, h("h2", { class: "hide" }, "Time line"), empty("Nothing was allocated while esc looked.",
			"See esc info for what ran; a trace of an older esc has no time line: record the program again."));
		return;
	}
	const [cells, uPlot] = await Promise.all([context.find("cells"), plotPart()]);
	const whole = slices.at(-1).to;

	const grid = cells?.slice_ns > 0 ? cells : { slice_ns: whole / slices.length };

	shown = {
		slices, whole, grid, step: grid.slice_ns, begin: grid.from_ns ?? 0,
		canChoose: cells?.slice_ns > 0, chosen: cells ? await chosenRates(cells) : null,
	};
	if (!root.contains(parts.box))
		fill(root, h("h2", { class: "hide" }, "Time line"), parts.note, parts.box, parts.now, parts.under);
	drawNote(rangeNow());
	drawTable();
	say();
	drawPlot(uPlot);
}

export default {
	name: "timeline",
	title: "Time line",
	key: "7",
	async draw(root, given) {
		context = given;
		cursor = 0;
		anchor = null;
		parts = chart({
			box: {
				class: "timeline-box", "aria-roledescription": "time line",
				"aria-label": "Live bytes and allocations over time: arrow keys move, with Shift they choose a range, Enter chooses a slice, Escape the whole run, plus and minus zoom",
				onkeydown: key,
			},
			paint,
			stop: () => { brush = null; },
		});
		bindPointer();
		await show(root);
	},
	async update(root, given) {
		context = given;
		await show(root.querySelector(".view") ?? root);
	},
	leave() {
		plot?.end();
		plot = null;
		parts?.end();
		parts = null;
		shown = null;
		brush = null;
	},
};
