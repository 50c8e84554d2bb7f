// The time line: what was live and how fast it was allocated. A range that is chosen here
// every view follows.
import { chart } from "../chart.js";
import { fill, h } from "../dom.js";
import { choose, heatSums, needs, parseFilter } from "../filter.js";
import { palette } from "../flame/paint.js";
import { surface } from "../flame/surface.js";
import { empty } from "../parts.js";
import { between, chosenBlocks, rounded, slicesOf } from "../slices.js";
import * as state from "../state.js";
import { ticks } from "../ticks.js";
import * as tip from "../tip.js";
import { bytes, count, ns } from "../units.js";

const LEFT = 76; // of the plots, in pixels
const RIGHT = 12;
const LIVE = { top: 22, height: 190 };
const RATE = { top: 258, height: 150 };
const HEIGHT = 440;
const DRAG = 4; // pixels; less is a click
const ROWS = 64; // of the table

let context = null;
let parts = null;
let shown = null; // {slices, whole, grid, step, begin, canChoose, chosen}
let cursor = 0; // a slice of the grid
let brush = null; // {from, to}: pixels, while it is drawn
let anchor = null; // where a choice by keys began

const widthNow = () => Math.max(1, parts.box.clientWidth - LEFT - RIGHT);
const startOf = (slice) => shown.begin + slice * shown.step;
const xOf = (time) => LEFT + time / shown.whole * widthNow();
const timeAt = (x) => Math.max(0, Math.min(shown.whole, (x - LEFT) / widthNow() * shown.whole));

function rangeNow() {
	const { from, to } = parseFilter(context.state);

	return from === null && to === null ? null : { from: from ?? 0, to: Math.min(to ?? shown.whole, shown.whole) };
}

function paintAxis(pen, { top, height }, most, kind, show, colours, title) {
	pen.textAlign = "right";
	pen.textBaseline = "middle";
	for (const value of ticks(most, 4, kind)) {
		const y = Math.round(top + height - value / most * height) + 0.5;

		pen.strokeStyle = colours.line;
		pen.beginPath();
		pen.moveTo(LEFT, y);
		pen.lineTo(LEFT + widthNow(), y);
		pen.stroke();
		pen.fillStyle = colours.soft;
		pen.fillText(show(value), LEFT - 8, y);
	}
	pen.textAlign = "left";
	pen.fillStyle = colours.ink;
	pen.fillText(title, LEFT, top - 11);
}

function paintTimes(pen, colours) {
	const y = RATE.top + RATE.height;

	pen.fillStyle = colours.soft;
	pen.textAlign = "center";
	pen.textBaseline = "top";
	for (const time of ticks(shown.whole, Math.max(2, widthNow() / 90), "time")) {
		pen.fillText(time === 0 ? "0" : ns(time), Math.min(xOf(time), LEFT + widthNow() - 16), y + 7);
		pen.strokeStyle = colours.line;
		pen.beginPath();
		pen.moveTo(Math.round(xOf(time)) + 0.5, y);
		pen.lineTo(Math.round(xOf(time)) + 0.5, y + 4);
		pen.stroke();
	}
}

// Steps, filled down to the floor.
function paintSteps(pen, { top, height }, slices, most, fillStyle, line) {
	const y = (value) => top + height - value / most * height;

	pen.beginPath();
	pen.moveTo(xOf(slices[0].from), top + height);
	for (const { from, to, value } of slices) {
		pen.lineTo(xOf(from), y(value));
		pen.lineTo(xOf(to), y(value));
	}
	pen.lineTo(xOf(slices.at(-1).to), top + height);
	pen.closePath();
	pen.fillStyle = fillStyle;
	pen.fill();
	if (!line)
		return;
	pen.beginPath();
	slices.forEach(({ from, to, value }, at) => {
		pen[at === 0 ? "moveTo" : "lineTo"](xOf(from), y(value));
		pen.lineTo(xOf(to), y(value));
	});
	pen.strokeStyle = line;
	pen.lineWidth = 1.5;
	pen.stroke();
	pen.lineWidth = 1;
}

function paintRange(pen, range, colours) {
	const [left, right] = [xOf(range.from), xOf(range.to)];

	pen.globalAlpha = 0.62;
	pen.fillStyle = colours.background;
	for (const { top, height } of [LIVE, RATE]) {
		pen.fillRect(LEFT, top - 1, left - LEFT, height + 1);
		pen.fillRect(right, top - 1, LEFT + widthNow() - right, height + 1);
	}
	pen.globalAlpha = 1;
	pen.fillStyle = colours.accent;
	pen.fillRect(left - 1, LIVE.top, 2, RATE.top + RATE.height - LIVE.top);
	pen.fillRect(right - 1, LIVE.top, 2, RATE.top + RATE.height - LIVE.top);
}

function paint() {
	if (!shown)
		return;
	const colours = palette();
	const pen = surface(parts.canvas, parts.box.clientWidth, HEIGHT);
	const style = getComputedStyle(parts.box);
	const live = Math.max(1, ...shown.slices.map((one) => one.live)) * 1.04;
	const rate = Math.max(1, ...shown.slices.map((one) => one.rate), ...shown.chosen ?? []) * 1.04;

	pen.font = `12px ${style.fontFamily}`;
	paintAxis(pen, LIVE, live, "bytes", bytes, colours, "Live bytes, at most in each slice");
	paintAxis(pen, RATE, rate, "decimal", count, colours,
		shown.chosen ? "Allocations a second: all, and of the chosen sites" : "Allocations a second");
	paintSteps(pen, LIVE, shown.slices.map((one) => ({ ...one, value: one.live })), live, colours.fill, colours.accent);
	paintSteps(pen, RATE, shown.slices.map((one) => ({ ...one, value: one.rate })), rate,
		shown.chosen ? colours.root : colours.fill, shown.chosen ? colours.dust : colours.accent);
	if (shown.chosen) {
		paintSteps(pen, RATE, Array.from(shown.chosen, (value, at) => ({
			from: startOf(at), to: Math.min(shown.whole, startOf(at + 1)), value,
		})), rate, colours.fill, colours.accent);
	}
	paintTimes(pen, colours);
	const range = brush ? { from: timeAt(brush.from), to: timeAt(brush.to) } : rangeNow();

	if (range)
		paintRange(pen, { from: Math.min(range.from, range.to), to: Math.max(range.from, range.to) }, colours);
	if (document.activeElement === parts.box) {
		const left = xOf(startOf(cursor));

		pen.strokeStyle = colours.ink;
		pen.setLineDash([3, 3]);
		pen.strokeRect(left + 0.5, LIVE.top, xOf(Math.min(shown.whole, startOf(cursor + 1))) - left, RATE.top + RATE.height - LIVE.top);
		pen.setLineDash([]);
	}
}

function words(from, to) {
	const { live, allocations, frees } = between(shown.slices, from, to);
	const chosen = shown.chosen && shown.chosen[Math.floor((from - shown.begin + 1) / shown.step)] || 0;

	return `${ns(from)} to ${ns(to)}: at most ${bytes(live)} live, ${count(allocations)} allocations ` +
		`(${count(allocations * 1e9 / Math.max(1, to - from))} a second), ${count(frees)} frees` +
		(shown.chosen && to - from <= shown.step * 1.01 ? `; of the chosen sites ${count(chosen * shown.step / 1e9)} blocks` : "");
}

function say() {
	const range = rangeNow();

	fill(parts.now, range ? `Chosen: ${words(range.from, range.to)}`
		: words(startOf(cursor), Math.min(shown.whole, startOf(cursor + 1))));
}

const setRange = (range, how) => state.set({ from: Math.round(range.from), to: Math.round(range.to) }, how);

function key(event) {
	if (event.ctrlKey || event.altKey || event.metaKey)
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
			parts.repaint();
			fill(parts.now, words(startOf(cursor), Math.min(shown.whole, startOf(cursor + 1))));
		}
	} else if (event.key === "Enter" && shown.canChoose) {
		setRange({ from: startOf(cursor), to: startOf(cursor + 1) });
	} else if (event.key === "Escape" && range) {
		state.set({ from: null, to: null });
	} else {
		return;
	}
	event.preventDefault();
	event.stopPropagation();
}

function bindBrush() {
	const at = (event) => event.clientX - parts.box.getBoundingClientRect().left;

	parts.box.addEventListener("pointerdown", (event) => {
		if (event.button !== 0)
			return;
		brush = { from: at(event), to: at(event) };
		parts.box.setPointerCapture(event.pointerId);
	});
	parts.box.addEventListener("pointermove", (event) => {
		const time = timeAt(at(event));

		if (brush) {
			brush.to = at(event);
			parts.repaint();
		}
		const step = rounded(shown.grid, brush ? timeAt(brush.from) : time, time, shown.whole);

		tip.show(event.clientX, event.clientY, h("p", null, words(step.from, Math.min(step.to, shown.whole))));
	});
	parts.box.addEventListener("pointerup", (event) => {
		const made = brush;

		brush = null;
		if (!made)
			return;
		cursor = Math.max(0, Math.floor((timeAt(at(event)) - shown.begin) / shown.step));
		if (Math.abs(made.to - made.from) < DRAG || !shown.canChoose) {
			parts.repaint();
			say();
			return;
		}
		setRange(rounded(shown.grid, timeAt(made.from), timeAt(made.to), shown.whole));
	});
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
	fill(parts.note, shown.canChoose
		? h("span", null, "Drag to choose a range (keys: Shift with arrows); every view then shows what was allocated in it. " +
			`Slices of ${ns(shown.step)}: a range is rounded to whole ones.`)
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
	const slices = slicesOf(context.info.timeline ?? []);

	if (slices.length === 0) {
		fill(root, h("h2", { class: "hide" }, "Time line"), empty("Nothing was allocated while esc looked.",
			"See esc info for what ran; a trace of an older esc has no time line: record the program again."));
		return;
	}
	const cells = await context.find("cells");
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
	parts.repaint();
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
				"aria-label": "Live bytes and allocations over time: arrow keys move, with Shift they choose a range, Enter chooses a slice, Escape the whole run",
				onkeydown: key,
			},
			paint,
			stop: () => { brush = null; },
		});
		bindBrush();
		await show(root);
	},
	async update(root, given) {
		context = given;
		await show(root.querySelector(".view") ?? root);
	},
	leave() {
		parts?.end();
		parts = null;
		shown = null;
		brush = null;
	},
};
