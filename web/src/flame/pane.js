// One flame graph on the page: a canvas of what is in sight of a tree, a frame that has the
// focus, the keyboard, the tip, and the focused frame in words and as a table, for whoever
// does not see the canvas.
import { fill, h } from "../dom.js";
import { badge } from "../parts.js";
import * as theme from "../theme.js";
import * as tip from "../tip.js";
import { base, place } from "../text.js";
import { METRICS, share } from "../units.js";
import { VERDICTS } from "../verdicts.js";
import { ROW, changeOf, draw, isPlain, labelOf, pen } from "./draw.js";
import { outwards, step } from "./keys.js";
import { firstBehind, levelOf, nodeAt } from "./layout.js";
import { palette } from "./paint.js";
import { surface } from "./surface.js";
import { placeOf } from "./tree.js";

const ROWS = 15; // of the table
const TURN = 140; // ms that a zoom takes
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const placeAt = (laid, node) => {
	const { file, line, module } = placeOf(laid, node);

	return place(file, line, module);
};

function valueLines(laid, node, { metric, zoom }) {
	const { show } = METRICS[metric];
	const value = laid.total[node];
	const line = (term, ...text) => [h("dt", null, term), h("dd", null, ...text)];

	if (laid.other) {
		return [
			line("first run", show(value)), line("second run", show(laid.other[node])),
			line("change", changeOf(value, laid.other[node]) || "none"),
		];
	}
	const all = share(value, laid.total[0]);

	return [
		line(METRICS[metric].title.toLowerCase(), show(value), ` · ${all} of all`),
		node > 0 && laid.parent[node] > 0
			? line("of its parent", share(value, laid.total[laid.parent[node]])) : null,
		zoom > 0 && node !== zoom && laid.total[zoom] >= value
			? line("of the zoomed", share(value, laid.total[zoom])) : null,
		laid.self[node] > 0 && laid.self[node] < value ? line("itself", show(laid.self[node])) : null,
	];
}

function tipOf(laid, node, shown) {
	return [
		h("p", { class: "name" }, labelOf(laid, node)),
		isPlain(laid, node) ? null : h("p", { class: "where" }, placeAt(laid, node),
			laid.functions.module[laid.fn[node]] ? ` · ${base(laid.functions.module[laid.fn[node]])}` : ""),
		h("dl", { class: "facts" }, valueLines(laid, node, shown)),
		isPlain(laid, node) || laid.other ? null
			: h("p", null, laid.self[node] === laid.total[node] ? "" : "mostly ", badge(VERDICTS[laid.verdict[node]].name)),
	];
}

// What is said of the focused frame.
export function wordsOf(laid, node, metric) {
	const { show } = METRICS[metric];
	const value = laid.other
		? `${show(laid.total[node])} in the first run, ${show(laid.other[node])} in the second, ${changeOf(laid.total[node], laid.other[node]) || "no change"}`
		: `${show(laid.total[node])}, ${share(laid.total[node], laid.total[0])} of all`;
	const below = laid.child[node + 1] - laid.child[node];

	return `${labelOf(laid, node)}${isPlain(laid, node) ? "" : `, ${placeAt(laid, node)}`}: ${value}` +
		(isPlain(laid, node) || laid.other ? "" : `, mostly ${VERDICTS[laid.verdict[node]].name}`) +
		`, ${below} ${below === 1 ? "frame" : "frames"} under it`;
}

/*
 * label; flip: the root is at the bottom; height: of the box, in CSS; below: what the frames under
 * one are called; onzoom(node), onpick(node) (key s), onopen(node) (key o).
 * Returns {element, show(laid, {metric, zoom, found, keep}), repaint(), end()}.
 */
export function pane({ label, flip = false, below = "Under it", onzoom, onpick, onopen }) {
	const canvas = h("canvas", { "aria-hidden": "true" });
	const ring = h("div", { class: "ring", hidden: true });
	const hover = h("div", { class: "ring hover", hidden: true });
	const space = h("div", { class: "flame-space" }, h("div", { class: "flame-sheet" }, canvas), hover, ring);
	const box = h("div", {
		class: `flame-box${flip ? " flip" : ""}`, tabindex: 0, role: "application", "aria-label": label,
		"aria-roledescription": "flame graph",
	}, space);
	const now = h("p", { class: "flame-now", "aria-live": "polite" });
	const table = h("div", { class: "flame-table scroll" });
	const element = h("div", { class: "flame-pane" }, box, now, h("details", { class: "flame-under" },
		h("summary", null, "As a table"), table));
	const context = canvas.getContext("2d", { alpha: true });
	let laid = null;
	let shown = { metric: "blocks", zoom: 0, found: null };
	let colours = null;
	let letters = null;
	let focused = 0;
	let range = [0, 1]; // of the tree, as wide as the canvas
	let deep = 1; // levels in sight
	let waiting = 0;
	let turn = null; // of a zoom under way

	const y = (level) => (flip ? deep - 1 - level : level) * ROW;
	const scale = () => space.clientWidth / (range[1] - range[0]);

	function paint(time) {
		waiting = 0;
		if (!laid || space.clientWidth === 0)
			return;
		if (turn) {
			const part = Math.min(1, Math.max(0, (time - turn.begin) / TURN));
			const eased = 1 - (1 - part) ** 3;

			range = [0, 1].map((at) => turn.from[at] + (turn.to[at] - turn.from[at]) * eased);
			if (part >= 1) {
				range = turn.to;
				turn = null;
			}
		}
		const begin = performance.now();
		const width = space.clientWidth;
		const height = Math.min(box.clientHeight, deep * ROW);

		draw(surface(canvas, width, height), laid, {
			width, height, scroll: box.scrollTop, y, from: range[0], span: range[1] - range[0],
			zoom: shown.zoom, found: shown.found, colours, differs: laid.other !== null, pen: letters,
		});
		performance.measure("flame-draw", { start: begin, end: performance.now() });
		mark(ring, focused);
		if (turn)
			repaint();
	}

	function repaint() {
		if (waiting === 0)
			waiting = requestAnimationFrame(paint);
	}

	// Lays a ring around a node's frame.
	function mark(one, node) {
		const left = Math.max(0, (laid.start[node] - range[0]) * scale());
		const right = Math.min(space.clientWidth, (laid.start[node] + laid.width[node] - range[0]) * scale());

		one.hidden = right < 0 || left > space.clientWidth || node >= laid.count;
		for (const [name, value] of Object.entries({ left, top: y(levelOf(laid, node)),
			width: Math.max(3, right - left), height: ROW - 1 }))
			one.style.setProperty(name, `${value}px`);
	}

	// How many levels have something that can be seen between the edges.
	function depthOf([from, to]) {
		const least = (to - from) / Math.max(1, space.clientWidth) / 2;
		let found = 1;

		laid.widest ??= widestOf(laid);
		for (let level = 1; level + 1 < laid.levels.length; level++) {
			const end = laid.levels[level + 1];
			const node = firstBehind(laid, laid.levels[level], end, from + least / 8);

			if (node < end && laid.start[node] < to - least / 8 && laid.widest[level] >= least)
				found = level + 1;
		}
		return Math.max(found, levelOf(laid, shown.zoom) + 1);
	}

	function zoomTo(node, moves) {
		const to = [laid.start[node], laid.start[node] + (laid.width[node] || 1)];

		deep = depthOf(to);
		space.style.setProperty("height", `${deep * ROW}px`);
		if (moves && !calm.matches) {
			turn = { from: range, to, begin: performance.now() };
		} else {
			turn = null;
			range = to;
		}
		const level = levelOf(laid, node);
		const top = flip ? (deep - level) * ROW - box.clientHeight + 2 * ROW : (level - 3) * ROW;

		if (flip ? y(level) < box.scrollTop || y(level) + ROW > box.scrollTop + box.clientHeight || !moves
			: y(level) < box.scrollTop || level * ROW > box.scrollTop + box.clientHeight * 0.6)
			box.scrollTop = Math.max(0, top);
	}

	function reveal(node) {
		const top = y(levelOf(laid, node));

		if (top < box.scrollTop)
			box.scrollTop = top;
		else if (top + ROW > box.scrollTop + box.clientHeight)
			box.scrollTop = top + ROW - box.clientHeight;
	}

	function childRow(node) {
		const { show } = METRICS[shown.metric];

		return h("tr", null,
			h("td", null, isPlain(laid, node) || laid.other ? null : badge(VERDICTS[laid.verdict[node]].name, { word: false }), " ",
				h("button", { type: "button", class: "link name", onclick: () => onzoom(node) }, labelOf(laid, node))),
			h("td", { class: "where" }, isPlain(laid, node) ? "" : placeAt(laid, node)),
			h("td", { class: "n" }, show(laid.total[node])),
			laid.other ? [h("td", { class: "n" }, show(laid.other[node])),
				h("td", { class: "n" }, changeOf(laid.total[node], laid.other[node]))]
				: h("td", { class: "n" }, share(laid.total[node], laid.total[laid.parent[node]])));
	}

	function tell() {
		const first = laid.child[focused];
		const count = laid.child[focused + 1] - first;
		const rows = Array.from({ length: Math.min(ROWS, count) }, (_, at) => childRow(first + at));

		fill(now, wordsOf(laid, focused, shown.metric));
		fill(table, h("table", { class: "plain-table" },
			h("caption", null, `${below} ${labelOf(laid, focused)}`),
			h("thead", null, h("tr", null, h("th", { scope: "col" }, "Function"), h("th", { scope: "col" }, "Where"),
				laid.other ? ["First", "Second", "Change"].map((one) => h("th", { scope: "col", class: "n" }, one))
					: [METRICS[shown.metric].title, "Share"].map((one) => h("th", { scope: "col", class: "n" }, one)))),
			h("tbody", null, rows, count > ROWS ? h("tr", null, h("td", { colspan: laid.other ? 5 : 4, class: "dim" },
				`and ${count - ROWS} lighter ones`)) : count === 0
				? h("tr", null, h("td", { colspan: laid.other ? 5 : 4, class: "dim" }, "nothing: stacks end here")) : null)));
	}

	function focus(node) {
		focused = node;
		reveal(node);
		mark(ring, node);
		tell();
	}

	function nodeUnder(event) {
		const bounds = space.getBoundingClientRect();
		const row = Math.floor((event.clientY - bounds.top) / ROW);

		return nodeAt(laid, flip ? deep - 1 - row : row, range[0] + (event.clientX - bounds.left) / scale());
	}

	function key(event) {
		if (!laid || event.ctrlKey || event.altKey || event.metaKey)
			return;
		const to = step(laid, focused, event.key, { flip, least: 0.5 / scale() });

		if (to !== null)
			focus(to);
		else if (event.key === "Enter" || event.key === " ")
			onzoom(focused);
		else if ((event.key === "Escape" || event.key === "Backspace") && shown.zoom > 0)
			onzoom(outwards(laid, shown.zoom));
		else if (event.key === "s" && !isPlain(laid, focused))
			onpick?.(focused);
		else if (event.key === "o")
			onopen?.(focused);
		else
			return;
		event.preventDefault();
		event.stopPropagation();
	}

	box.addEventListener("keydown", key);
	box.addEventListener("scroll", repaint, { passive: true });
	box.addEventListener("click", (event) => {
		const node = laid ? nodeUnder(event) : -1;

		if (node < 0)
			return;
		focus(node);
		if (event.shiftKey && !isPlain(laid, node))
			onpick?.(node);
		else
			onzoom(node);
	});
	box.addEventListener("pointermove", (event) => {
		const node = laid && event.pointerType !== "touch" ? nodeUnder(event) : -1;

		if (node < 0) {
			hover.hidden = true;
			tip.hide();
			return;
		}
		mark(hover, node);
		tip.show(event.clientX, event.clientY, tipOf(laid, node, shown));
	});
	box.addEventListener("pointerleave", () => {
		hover.hidden = true;
		tip.hide();
	});
	const watcher = new ResizeObserver(() => {
		if (!laid)
			return;
		if (!turn)
			zoomTo(shown.zoom, false);
		repaint();
	});

	watcher.observe(box);
	const forget = theme.on(() => {
		colours = palette();
		letters = pen(context, colours.mono);
		repaint();
	});

	return {
		element,
		box,
		// keep: the tree is the one that was shown, so that the way there is shown too.
		show(tree, next) {
			const same = tree === laid;

			laid = tree;
			shown = { ...shown, ...next };
			hover.hidden = true;
			if (!same || next.zoom !== undefined) {
				zoomTo(shown.zoom, same);
				focused = shown.zoom;
			}
			focus(Math.min(focused, laid.count - 1));
			repaint();
		},
		repaint,
		end() {
			watcher.disconnect();
			forget();
			cancelAnimationFrame(waiting);
			tip.hide();
		},
	};
}

// By level, the width of its widest node.
function widestOf({ levels, width }) {
	const made = new Float64Array(levels.length - 1);

	for (let level = 0; level + 1 < levels.length; level++)
		for (let node = levels[level]; node < levels[level + 1]; node++)
			made[level] = Math.max(made[level], width[node]);
	return made;
}

