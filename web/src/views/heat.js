// Blocks by size and lifetime, both in powers of two. A box that is chosen here every view
// follows.
import { chart } from "../chart.js";
import { fill, h } from "../dom.js";
import { choose, formatHeat, needs, parseFilter } from "../filter.js";
import { heat as heatColour, palette } from "../flame/paint.js";
import { surface } from "../flame/surface.js";
import { boxOf, gridOf, livesOf } from "../heatgrid.js";
import { empty, nothing } from "../parts.js";
import * as state from "../state.js";
import * as tip from "../tip.js";
import { METRICS, bytes, count, ns, share } from "../units.js";

const LEFT = 78; // of the cells, in pixels
const TOP = 44;
const BOTTOM = 46;
const GAP = 18; // before the column of blocks that were never freed
const CELL = 26; // the height of one
const NARROW = 17; // the least width of one
const SOON = 20; // powers of two of a nanosecond, 1 ms: what lives shorter and is small can be moved
const ROWS = 60; // of the table

let context = null;
let parts = null;
let shown = null; // {grid, metric, partial}
let cursor = null; // a cell; at first the one that weighs most
let anchor = null;
let drag = null;

const sizeName = (size) => bytes(2 ** size);
const lifeName = (life) => ns(2 ** life);
const widthOf = () => Math.max(NARROW, Math.min(64, (parts.box.clientWidth - LEFT - GAP - 8) / shown.grid.columns));
const heightOf = () => TOP + shown.grid.rows * CELL + BOTTOM;
const show = (value) => METRICS[shown.metric].show(value);

function placeOf({ size, life }) {
	const { grid } = shown;
	const width = widthOf();

	return {
		x: LEFT + (life < 0 ? (grid.columns - 1) * width + GAP : (life - grid.life[0]) * width),
		y: TOP + (grid.size[1] - size) * CELL, width,
	};
}

// The cell at a point of the box, the nearest one; null outside where strict.
function cellAt(x, y, strict) {
	const { grid } = shown;
	const width = widthOf();
	const never = x >= LEFT + (grid.columns - 1) * width + GAP / 2;
	const column = Math.floor((x - LEFT) / width);
	const row = Math.floor((y - TOP) / CELL);

	if (strict && (row < 0 || row >= grid.rows || x < LEFT || x > LEFT + grid.columns * width + GAP))
		return null;
	return {
		size: Math.max(grid.size[0], Math.min(grid.size[1], grid.size[1] - row)),
		life: never ? -1 : Math.max(grid.life[0], Math.min(grid.life[1], grid.life[0] + column)),
	};
}

// Both are logarithmic: one block can be seen beside a million.
const strength = (value) => Math.log1p(value) / Math.log1p(shown.grid.most);

// As much of "12.5 k" as has room: without the blank, without what is behind the point.
function fitting(pen, text, room) {
	const shorter = [text, text.replace(" ", ""), text.replace(/\.\d+/, "").replace(" ", ""),
		text.replace(/\.\d+/, "").replace(/ (.).*/, "$1")];

	return shorter.find((one) => pen.measureText(one).width <= room) ?? "";
}

function paintCells(pen, colours) {
	const { grid } = shown;

	pen.textAlign = "center";
	pen.textBaseline = "middle";
	for (let size = grid.size[0]; size <= grid.size[1]; size++) {
		for (const life of livesOf(grid)) {
			const { x, y, width } = placeOf({ size, life });
			const value = grid.value(size, life);

			pen.fillStyle = value > 0 ? heatColour(colours.heat, strength(value)) : colours.empty;
			pen.fillRect(x, y, width - 1, CELL - 1);
			if (!(value > 0))
				continue;
			pen.font = `11px ${parts.font}`;
			pen.fillStyle = isDark(heatColour(colours.heat, strength(value))) ? "#ffffff" : "#14171b";
			pen.fillText(fitting(pen, show(value), width - 4), x + (width - 1) / 2, y + CELL / 2);
		}
	}
}

function isDark(hex) {
	const [red, green, blue] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

	return red * 0.299 + green * 0.587 + blue * 0.114 < 140;
}

function paintAxes(pen, colours) {
	const { grid } = shown;
	const floor = TOP + grid.rows * CELL;
	const width = widthOf();
	const every = Math.max(1, Math.ceil(54 / width));

	pen.font = `12px ${parts.font}`;
	pen.fillStyle = colours.soft;
	pen.textAlign = "right";
	for (let size = grid.size[0]; size <= grid.size[1]; size++)
		pen.fillText(sizeName(size), LEFT - 8, placeOf({ size, life: -1 }).y + CELL / 2);
	pen.textAlign = "left";
	for (let life = grid.life[0]; life <= grid.life[1]; life += every)
		pen.fillText(lifeName(life), placeOf({ size: grid.size[0], life }).x, floor + 12);
	pen.textAlign = "center";
	pen.fillText("never", placeOf({ size: grid.size[0], life: -1 }).x + width / 2, floor + 12);
	pen.fillText("freed", placeOf({ size: grid.size[0], life: -1 }).x + width / 2, floor + 26);
	pen.fillStyle = colours.ink;
	pen.textAlign = "left";
	pen.fillText("Size, from", 8, TOP - 14);
	pen.fillText("Lifetime, from →", LEFT, floor + 32);
}

function outline(pen, box, colour, dash) {
	const { grid } = shown;
	const lives = livesOf(grid).filter((life) => life >= box.life[0] && life <= box.life[1]);

	if (box.size[1] < grid.size[0] || box.size[0] > grid.size[1] || lives.length === 0)
		return;
	const top = placeOf({ size: Math.min(box.size[1], grid.size[1]), life: -1 }).y;
	const bottom = placeOf({ size: Math.max(box.size[0], grid.size[0]), life: -1 }).y + CELL;
	const runs = [lives.filter((life) => life >= 0), lives.filter((life) => life < 0)].filter((one) => one.length > 0);

	pen.strokeStyle = colour;
	pen.lineWidth = 2;
	pen.setLineDash(dash);
	for (const run of runs) {
		const left = placeOf({ size: grid.size[0], life: run[0] }).x;
		const right = placeOf({ size: grid.size[0], life: run.at(-1) });

		pen.strokeRect(left - 1, top - 1, right.x + right.width - left + 1, bottom - top + 1);
	}
	pen.setLineDash([]);
	pen.lineWidth = 1;
}

// What is small enough for the stack and soon freed: where to look first.
function cornerOf({ size, life }) {
	const limit = Math.floor(Math.log2(context.info.run.stack_limit || 4096)) - 1;

	return size[0] > limit || life[0] >= SOON ? null
		: { size: [size[0], Math.min(size[1], limit)], life: [life[0], Math.min(life[1], SOON - 1)] };
}

function paintCorner(pen, colours) {
	const corner = cornerOf(shown.grid);

	if (!corner)
		return;
	outline(pen, corner, colours.strong[0], [5, 4]);
	pen.font = `600 12px ${parts.font}`;
	pen.textAlign = "left";
	pen.fillStyle = colours.strong[0];
	pen.fillText("┄ small and soon freed: look here first", LEFT, TOP - 14);
}

function paint() {
	if (!shown?.grid)
		return;
	const colours = palette();
	const width = Math.max(parts.box.clientWidth, LEFT + shown.grid.columns * widthOf() + GAP + 8);

	parts.font = getComputedStyle(parts.box).fontFamily;
	colours.empty = colours.raised;
	const pen = surface(parts.canvas, width, heightOf());

	paintCells(pen, colours);
	paintAxes(pen, colours);
	paintCorner(pen, colours);
	const chosen = drag ? boxOf(drag.from, drag.to) : parseFilter(context.state).heat;

	if (chosen)
		outline(pen, chosen, colours.hit, []);
	if (document.activeElement === parts.box)
		outline(pen, { size: [cursor.size, cursor.size], life: [cursor.life, cursor.life] }, colours.ink, [3, 2]);
}

function words({ size, life }) {
	const value = shown.grid.value(size, life);

	return `${sizeName(size)} to ${bytes(2 ** (size + 1) - 1)}, ` +
		`${life < 0 ? "never freed" : `lived ${lifeName(life)} to ${lifeName(life + 1)}`}: ` +
		`${show(value)}${shown.metric === "blocks" ? " blocks" : ""}, ${share(value, shown.grid.sum)}`;
}

function boxSum(box) {
	let sum = 0;

	for (let size = shown.grid.size[0]; size <= shown.grid.size[1]; size++)
		for (const life of livesOf(shown.grid))
			if (size >= box.size[0] && size <= box.size[1] && life >= box.life[0] && life <= box.life[1])
				sum += shown.grid.value(size, life);
	return sum;
}

const setBox = (box, how) => state.set({ heat: formatHeat(box) }, how);

function moved({ size, life }, event) {
	const lives = livesOf(shown.grid);
	const at = lives.indexOf(life);
	const { size: [least, most] } = shown.grid;

	switch (event.key) {
	case "ArrowUp": return { size: Math.min(most, size + 1), life };
	case "ArrowDown": return { size: Math.max(least, size - 1), life };
	case "ArrowLeft": return { size, life: lives[Math.max(0, at - 1)] };
	case "ArrowRight": return { size, life: lives[Math.min(lives.length - 1, at + 1)] };
	case "Home": return { size, life: lives[0] };
	case "End": return { size, life: -1 };
	default: return null;
	}
}

function key(event) {
	if (!shown?.grid || event.ctrlKey || event.altKey || event.metaKey)
		return;
	const next = moved(cursor, event);
	const { heat } = parseFilter(context.state);

	if (next && event.shiftKey) {
		anchor ??= cursor;
		cursor = next;
		setBox(boxOf(anchor, next), { replace: Boolean(heat) });
	} else if (next) {
		anchor = null;
		cursor = next;
		fill(parts.now, words(cursor));
		parts.repaint();
	} else if (event.key === "Enter") {
		setBox(boxOf(cursor, cursor));
	} else if (event.key === "Escape" && heat) {
		state.set({ heat: null });
	} else {
		return;
	}
	event.preventDefault();
	event.stopPropagation();
}

function bindBrush() {
	const cell = (event, strict) => {
		const bounds = parts.canvas.getBoundingClientRect();

		return cellAt(event.clientX - bounds.left, event.clientY - bounds.top, strict);
	};

	parts.box.addEventListener("pointerdown", (event) => {
		const from = event.button === 0 && shown?.grid ? cell(event, true) : null;

		if (!from)
			return;
		drag = { from, to: from };
		parts.box.setPointerCapture(event.pointerId);
	});
	parts.box.addEventListener("pointermove", (event) => {
		const under = shown?.grid ? cell(event, !drag) : null;

		if (drag) {
			drag.to = under;
			parts.repaint();
		}
		if (under)
			tip.show(event.clientX, event.clientY, h("p", null, drag
				? `${show(boxSum(boxOf(drag.from, drag.to)))} in the box` : words(under)));
		else
			tip.hide();
	});
	parts.box.addEventListener("pointerup", () => {
		const made = drag;

		drag = null;
		if (!made)
			return;
		cursor = made.to;
		setBox(boxOf(made.from, made.to));
		parts.repaint();
	});
}

function drawTable() {
	const { grid } = shown;
	const cells = [];

	for (let size = grid.size[0]; size <= grid.size[1]; size++)
		for (const life of livesOf(grid))
			if (grid.value(size, life) > 0)
				cells.push({ size, life, value: grid.value(size, life) });
	cells.sort((a, b) => b.value - a.value);
	fill(parts.table, h("table", { class: "plain-table" }, h("thead", null, h("tr", null,
		["Size, from", "Lifetime, from", METRICS[shown.metric].title, "Share"].map((one) => h("th", { scope: "col", class: "n" }, one)))),
	h("tbody", null, cells.slice(0, ROWS).map(({ size, life, value }) => h("tr", null,
		h("td", { class: "n" }, sizeName(size)), h("td", { class: "n" }, life < 0 ? "never freed" : lifeName(life)),
		h("td", { class: "n" }, show(value)), h("td", { class: "n" }, share(value, grid.sum)))),
	cells.length > ROWS ? h("tr", null, h("td", { colspan: 4, class: "dim" }, `and ${count(cells.length - ROWS)} lighter cells`)) : null)));
}

function drawLegend() {
	const most = shown.grid.most;
	const steps = Array.from({ length: 5 }, (_, at) => Math.expm1(Math.log1p(most) * (at + 1) / 5));

	fill(parts.legend, h("li", null, "few"), h("li", { class: "scale heat", "aria-hidden": "true" }), h("li", null, "many"),
		h("li", { class: "dim" }, `logarithmic: ${steps.map((one) => show(one)).join(" · ")}`));
}

function drawBar() {
	const focused = parts.bar.contains(document.activeElement) ? document.activeElement.textContent : null;
	const corner = cornerOf(shown.grid ?? { size: [99, 99], life: [99, 99] });

	fill(parts.bar, h("div", { class: "switch", role: "group", "aria-label": "Weigh by" }, ["blocks", "bytes"].map((name) => h("button", {
		type: "button", "aria-pressed": name === shown.metric ? "true" : "false",
		onclick: () => state.set({ metric: name === "blocks" ? null : name }),
	}, METRICS[name].title))), corner ? h("div", { class: "switch" }, h("button", {
		type: "button", onclick: () => setBox(corner),
	}, "Choose the corner of what is small and soon freed")) : null);
	if (focused !== null)
		[...parts.bar.querySelectorAll("button")].find((one) => one.textContent === focused)?.focus();
}

function drawNote() {
	const { heat } = parseFilter(context.state);

	fill(parts.note, shown.grid ? h("span", null, h("strong", null, show(shown.grid.sum)), shown.metric === "blocks" ? " blocks" : " allocated") : null,
		heat && shown.grid ? h("span", null, `${share(boxSum(heat), shown.grid.sum)} in the box `,
			h("button", { type: "button", class: "link", onclick: () => state.set({ heat: null }) }, "all (Esc)"))
			: h("span", null, "Drag to choose a box (keys: Shift with arrows, Enter); every view then shows its blocks."),
		shown.partial ? h("span", { class: "dim" }, "sizes and lifetimes are known of sites, not of the chosen time or thread: each site counts by its share") : null);
}

// The choice but for the box, which is chosen here; and by row the share that counts.
async function weights() {
	const filter = { ...parseFilter(context.state), heat: null };
	const documents = {};

	for (const name of needs(filter))
		documents[name] = await context.find(name);
	const choice = choose(context.model, filter, documents);
	const all = context.model.numbers("blocks.estimated");

	return {
		partial: choice.restricted,
		weight: (row) => row < 0 || !choice.sites[row] ? 0
			: choice.restricted ? Math.min(1, choice.sums.blocks[row] / (all[row] || 1)) : 1,
	};
}

async function showAll(root) {
	const doc = await context.find("heat");

	if (!doc) {
		fill(root, h("h2", { class: "hide" }, "Size and lifetime"), empty("There are no sizes by lifetime here.",
			"The database is of an older esc: analyze the trace again."));
		return;
	}
	if (!root.contains(parts.box))
		fill(root, h("h2", { class: "hide" }, "Size and lifetime"), parts.bar, parts.note, parts.legend, parts.box, parts.now, parts.under, parts.none);
	const { weight, partial } = await weights();
	const metric = context.state.metric === "bytes" ? "bytes" : "blocks";
	const grid = gridOf(doc, (id) => context.model.row(id), weight, metric);

	shown = { grid, metric, partial };
	for (const one of [parts.legend, parts.box, parts.now, parts.under])
		one.hidden = !grid;
	fill(parts.none, grid ? null : nothing(context));
	drawBar();
	drawNote();
	if (!grid)
		return;
	cursor ??= grid.heaviest;
	cursor = {
		size: Math.max(grid.size[0], Math.min(grid.size[1], cursor.size)),
		life: cursor.life < 0 ? -1 : Math.max(grid.life[0], Math.min(grid.life[1], cursor.life)),
	};
	parts.box.style.setProperty("height", `${heightOf() + 4}px`);
	fill(parts.now, words(cursor));
	drawLegend();
	drawTable();
	parts.repaint();
}

export default {
	name: "heat",
	title: "Size × lifetime",
	key: "8",
	async draw(root, given) {
		context = given;
		anchor = null;
		cursor = null;
		const canvas = h("canvas", { "aria-hidden": "true" });

		parts = {
			canvas,
			...chart({
				inside: canvas,
				box: {
					class: "heat-box", "aria-roledescription": "heat map",
					"aria-label": "Blocks by size and lifetime: arrow keys move, with Shift they choose a box, Enter chooses a cell, Escape all",
					onkeydown: key,
				},
				paint,
				stop: () => { drag = null; },
			}),
			bar: h("div", { class: "flame-bar" }), legend: h("ul", { class: "flame-legend", "aria-label": "Colours" }),
			none: h("div"), font: "sans-serif",
		};
		bindBrush();
		await showAll(root);
	},
	async update(root, given) {
		context = given;
		await showAll(root.querySelector(".view") ?? root);
	},
	leave() {
		parts?.end();
		parts = null;
		shown = null;
		drag = null;
	},
};
