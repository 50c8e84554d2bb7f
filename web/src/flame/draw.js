// Paints what is in sight of a tree that was laid out, and nothing else: of a level the
// nodes of half a pixel or more, found by halves, so that time goes with the size of the
// canvas and not of the tree.
import { visible } from "../text.js";
import { VERDICTS } from "../verdicts.js";
import { firstBehind, levelOf } from "./layout.js";

export const ROW = 18; // of a level, in pixels
const THIN = 0.5; // what is narrower is not painted
const MARKED = 13; // from here on with the verdict's letter
const NAMED = 40; // from here on with a name
const PAD = 4;
const DUST = 1; // what is too narrow shows as a line where it fills this much

// How the difference of two runs reads, from less to more: -1 to 1 in STEPS colours.
export const STEPS = 16;

// The place in the scale of a change from `before` to `after`.
export function stepOf(before, after) {
	const whole = Math.max(before, after);
	const change = whole > 0 ? (after - before) / whole : 0;

	return Math.round((Math.max(-1, Math.min(1, change)) + 1) / 2 * STEPS);
}

// "+34%", "new", "gone".
export function changeOf(before, after) {
	if (before <= 0)
		return after > 0 ? "new" : "";
	if (after <= 0)
		return "gone";
	const percent = 100 * (after - before) / before;
	const size = Math.abs(percent);

	// all is said only of all
	if (percent < 0 && size >= 99.5)
		return `−${size < 99.9 ? size.toFixed(1) : ">99.9"}%`;
	return size < 0.05 ? "±0%" : `${percent > 0 ? "+" : "−"}${size < 9.95 ? size.toFixed(1)
		: size < 1e4 ? size.toFixed(0) : ">9999"}%`;
}

// What text is cut by: of a fixed pitch, so that plain names need not be measured.
export function pen(context, family) {
	context.font = `12px ${family}`;
	return { family, letter: context.measureText("MMMMMMMMMM").width / 10 };
}

// What a name is nested in goes first, then its end.
export function shorten(name, most) {
	let rest = name;

	while (rest.length + (rest === name ? 0 : 1) > most) {
		const at = rest.indexOf("::");

		if (at < 0 || at + 2 >= rest.length)
			break;
		rest = rest.slice(at + 2);
	}
	if (rest !== name)
		rest = `…${rest}`;
	return rest.length <= most ? rest : `${rest.slice(0, Math.max(0, most - 1))}…`;
}

const PLAIN = /^[ -~…]*$/;

function fitted(context, name, room, letter) {
	const short = shorten(name, Math.floor(room / letter));

	if (PLAIN.test(short) || context.measureText(short).width <= room)
		return short;
	const letters = Array.from(short);
	let low = 0;
	let high = letters.length;

	while (low < high) {
		const middle = low + high + 1 >> 1;

		if (context.measureText(`${letters.slice(0, middle).join("")}…`).width <= room)
			low = middle;
		else
			high = middle - 1;
	}
	return low > 0 ? `${letters.slice(0, low).join("")}…` : "";
}

const labels = new WeakMap(); // of tables of functions

// What stands in a frame: the function, or where there is no name that.
export function labelOf({ functions, fn }, node) {
	if (node === 0)
		return "all";
	if (!labels.has(functions))
		labels.set(functions, []);
	const known = labels.get(functions);

	return known[fn[node]] ??= visible(functions.name[fn[node]], 300) || "??";
}

// Rectangles by colour, so that each colour is set once.
class Boxes {
	constructor() {
		this.byColour = new Map();
	}

	add(colour, x, y, width, height) {
		let list = this.byColour.get(colour);

		if (!list)
			this.byColour.set(colour, list = []);
		list.push(x, y, width, height);
	}

	paint(context) {
		for (const [colour, list] of this.byColour) {
			context.fillStyle = colour;
			for (let at = 0; at < list.length; at += 4)
				context.fillRect(list[at], list[at + 1], list[at + 2], list[at + 3]);
		}
	}
}

// Not a function: the root, or what groups others.
export function isPlain({ functions, fn }, node) {
	return node === 0 || fn[node] >= (functions.groups ?? Infinity);
}

function colourOf(laid, node, { colours, differs }) {
	if (differs && node > 0)
		return colours.steps[stepOf(laid.total[node], laid.other[node])];
	return isPlain(laid, node) ? colours.root : colours.verdicts[laid.verdict[node]];
}

// Calls found(node, x, width) for each node of the level that is wide enough, and
// dust(x, end) for what lies between and is not.
function eachInSight(laid, level, { from, scale, width }, found, dust) {
	const end = laid.levels[level + 1];
	const right = from + width / scale;
	let node = firstBehind(laid, laid.levels[level], end, from);

	while (node < end && laid.start[node] < right) {
		const x = (laid.start[node] - from) * scale;
		const size = laid.width[node] * scale;

		if (size >= THIN) {
			found(node, x, size);
			node++;
			continue;
		}
		const next = firstBehind(laid, node + 1, end, laid.start[node] + THIN / scale);

		dust(x, (laid.start[next - 1] + laid.width[next - 1] - from) * scale);
		node = next;
	}
}

function paintLevel(level, laid, view, { boxes, dim, hits, texts, lines }) {
	const y = view.y(level) - view.scroll;
	let dustFrom = 0;
	let dustEnd = -1;
	const endDust = () => {
		if (dustEnd - dustFrom >= DUST)
			lines.add(view.colours.dust, dustFrom, y + ROW / 2 - 1, dustEnd - dustFrom, 2);
		dustEnd = -1;
	};

	eachInSight(laid, level, view, (node, x, size) => {
		const left = Math.max(0, x);
		const shown = Math.min(view.width, x + size) - left;
		const gap = shown > 3 ? 1 : 0;
		const hit = view.found && node > 0 && view.found[laid.fn[node]];
		const isDim = level < view.level || (view.found && !hit && !isPlain(laid, node));

		(isDim ? dim : boxes).add(colourOf(laid, node, view), left, y, shown - gap, ROW - 1);
		if (hit)
			hits.push(left, y, shown - gap);
		if (shown >= MARKED)
			texts.push(node, left, y, shown - gap, isDim ? 1 : 0);
	}, (x, end) => {
		if (dustEnd >= 0 && x - dustEnd > DUST)
			endDust();
		if (dustEnd < 0)
			dustFrom = Math.max(0, x);
		dustEnd = Math.min(view.width, end);
	});
	endDust();
}

function markOf(laid, node, { differs }) {
	if (differs)
		return laid.other[node] > laid.total[node] ? "+" : laid.other[node] < laid.total[node] ? "−" : "=";
	return VERDICTS[laid.verdict[node]].mark;
}

function paintTexts(context, laid, view, texts) {
	const { letter, family } = view.pen;
	const named = [];

	context.textBaseline = "middle";
	context.font = `700 10px ${family}`;
	for (let at = 0; at < texts.length; at += 5) {
		const [node, x, y, width, isDim] = texts.slice(at, at + 5);
		const plain = isPlain(laid, node);
		const ink = plain ? view.colours.ink : view.differs ? view.colours.stepInk
			: view.colours.inks[laid.verdict[node]];

		context.globalAlpha = isDim ? 0.7 : 1;
		context.fillStyle = ink;
		if (!plain)
			context.fillText(markOf(laid, node, view), x + PAD, y + ROW / 2);
		if (width >= NAMED)
			named.push([node, x + PAD + (plain ? 0 : 11), y, width - 2 * PAD - (plain ? 0 : 11), ink, isDim]);
	}
	context.font = `12px ${family}`;
	for (const [node, x, y, room, ink, isDim] of named) {
		const change = view.differs && node > 0 && room > 130
			? `${changeOf(laid.total[node], laid.other[node])} ` : "";

		context.globalAlpha = isDim ? 0.7 : 1;
		context.fillStyle = ink;
		context.fillText(change + fitted(context, labelOf(laid, node), room - change.length * letter, letter),
			x, y + ROW / 2);
	}
	context.globalAlpha = 1;
}

/*
 * view: width, height and scroll in pixels; y(level); from and span: what part of the tree
 * is as wide as the canvas; zoom: the node of that; found: functions to bring out, or null;
 * colours (verdicts, inks, steps, stepInk, root, ink, dust, hit); differs: two runs; pen.
 */
export function draw(context, laid, view) {
	const whole = { ...view, scale: view.width / view.span, level: levelOf(laid, view.zoom) };
	const made = { boxes: new Boxes(), dim: new Boxes(), lines: new Boxes(), hits: [], texts: [] };

	for (let level = 0; level + 1 < laid.levels.length; level++) {
		const y = view.y(level) - view.scroll;

		if (y > -ROW && y < view.height)
			paintLevel(level, laid, whole, made);
	}
	made.lines.paint(context);
	context.globalAlpha = view.colours.faint;
	made.dim.paint(context);
	context.globalAlpha = 1;
	made.boxes.paint(context);
	context.strokeStyle = view.colours.hit;
	for (let at = 0; at < made.hits.length; at += 3) {
		const line = made.hits[at + 2] > 12 ? 2 : 1;

		context.lineWidth = line;
		if (made.hits[at + 2] > 3)
			context.strokeRect(made.hits[at] + line / 2, made.hits[at + 1] + line / 2,
				made.hits[at + 2] - line, ROW - 1 - line);
	}
	paintTexts(context, laid, whole, made.texts);
}
