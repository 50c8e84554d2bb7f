// From the choice that all views share to what flame/tree.js merges: the document `tree`,
// a weight and a verdict for each of its paths.
import { h } from "../dom.js";
import { pathSums } from "../filter.js";
import * as state from "../state.js";
import { METRICS } from "../units.js";
import { indexOf } from "../verdicts.js";

// In the order of the menu; `live` is not in the documents by time or thread.
export const MENU = ["blocks", "bytes", "cost_ns", "live"];

export function metricOf({ metric }) {
	return MENU.includes(metric) ? metric : MENU[0];
}

// The switch of metrics; the first is what a URL without one means.
export function metricSwitch(current) {
	return h("div", { class: "switch", role: "group", "aria-label": "Weigh by" },
		MENU.map((name) => h("button", {
			type: "button", "aria-pressed": name === current ? "true" : "false",
			onclick: () => state.set({ metric: name === MENU[0] ? null : name }),
		}, METRICS[name].title)));
}

const verdicts = new WeakMap(); // by document

// By path, the number of its site's verdict.
export function verdictsOf(doc, model) {
	if (!verdicts.has(doc)) {
		verdicts.set(doc, Uint8Array.from(doc.paths.site, (id) => {
			const row = model.row(id);

			return indexOf(row < 0 ? "" : model.text("verdict", row));
		}));
	}
	return verdicts.get(doc);
}

/*
 * Weights by path for each thread that allocated: what `weights` has, divided as the
 * blocks (bytes, time) of the cells are. [{thread, weights}], the heaviest first. What no
 * cell knows of has the thread null.
 */
export function byThread(doc, cells, { weights, metric, filter }) {
	const column = cells.cells[metric] ? metric : "blocks";
	const threads = filter.thread === null ? cells.threads
		: cells.threads.filter((one) => one === filter.thread);
	const parts = threads.map((thread) => ({
		thread, sums: pathSums(doc, cells, { ...filter, thread })[column],
	}));
	const whole = new Float64Array(weights.length);

	for (const { sums } of parts)
		sums.forEach((value, path) => { whole[path] += value; });
	const made = parts.map(({ thread, sums }) => ({
		thread, weights: sums.map((value, path) => whole[path] > 0 ? weights[path] * value / whole[path] : 0),
	}));

	made.push({ thread: null, weights: weights.map((value, path) => whole[path] > 0 ? 0 : value) });
	return made.map((part) => ({ ...part, sum: part.weights.reduce((sum, one) => sum + one, 0) }))
		.filter((part) => part.sum > 0).sort((a, b) => b.sum - a.sum);
}

// What a thread is called; 0 are those that were not told apart.
export function threadName(info, thread) {
	const name = info.threads?.find((one) => one.number === thread)?.name;

	if (thread === null)
		return "thread not known";
	return thread === 0 ? "other threads" : `thread ${thread}${name ? ` ${name}` : ""}`;
}
