// The flame graph: where the chosen blocks were allocated, and who called.
import { fill, h } from "../dom.js";
import { choose, needs, parseFilter } from "../filter.js";
import { layOut, heaviestPath, keyOf, nodeOf } from "../flame/layout.js";
import { pane } from "../flame/pane.js";
import { invert, matchedWeight, matches, merge } from "../flame/tree.js";
import { byThread, metricOf, metricSwitch, threadName, verdictsOf } from "../flame/weights.js";
import { badge, empty, nothing } from "../parts.js";
import * as state from "../state.js";
import { METRICS, share } from "../units.js";
import { VERDICTS } from "../verdicts.js";

const TYPED = 120; // ms until what is typed is searched
const SHARPEST = 1 / 16384; // of what is in sight: callers of less weight end (inverted)
const WIDE = { both: "both runs", first: "first run", second: "second run" };

let context = null;
let graph = null;
let tools = null; // {bar, note, legend, search}
let built = null; // {key, tree, laid, doc, least}

// Weights of the other run: the same words, applied to its sites.
async function otherPart(metric) {
	const run = context.run === 2 ? 1 : 2;
	const filter = parseFilter(context.state);
	const [model, doc, ...found] = await Promise.all([context.modelOf(run), context.find("tree", { run }),
		...needs(filter).map((name) => context.find(name, { run }))]);

	if (!doc)
		return null;
	const choice = choose(model, filter, Object.fromEntries(needs(filter).map((name, at) => [name, found[at]])));

	return { doc, weights: choice.paths(doc, metric), verdicts: verdictsOf(doc, model) };
}

async function differing(own, metric) {
	const other = await otherPart(metric);

	if (!other)
		return null;
	const [first, second] = context.run === 2 ? [other, own] : [own, other];

	return [first, { ...second, second: true }];
}

async function partsOf(doc, { metric, split, differs }) {
	const own = { doc, weights: context.choice.paths(doc, metric), verdicts: verdictsOf(doc, context.model) };

	if (differs)
		return await differing(own, metric) ?? [own];
	const cells = split ? await context.find("cells") : null;

	if (!cells)
		return [own];
	return byThread(doc, cells, { weights: own.weights, metric, filter: parseFilter(context.state) })
		.map(({ thread, weights }) => ({ ...own, weights, group: threadName(context.info, thread) }));
}

// What the graph depends on; the rest of the URL moves about in it.
function settings({ state: where, runs }) {
	return {
		metric: metricOf(where), inverted: where.invert === "1", split: where.split === "thread",
		differs: runs > 1 && where.diff === "1", wide: WIDE[where.wide] ? where.wide : "both",
	};
}

async function build(doc) {
	const now = settings(context);
	const key = JSON.stringify(now) + state.choiceKey(context.state);

	if (built?.key === key && built.choice.model === context.model)
		return;
	const tree = merge(await partsOf(doc, now));

	built = { key, tree, doc, now, choice: { model: context.model }, least: SHARPEST };
	lay(SHARPEST);
}

function lay(least) {
	const { tree, now } = built;

	built.least = least;
	built.laid = layOut(now.inverted ? invert(tree, { least }) : tree, now.differs ? now.wide : "first");
}

// The node that the URL names. Inverted, callers that were too light for the whole may be
// wide enough in what is zoomed into: the tree is then made anew, sharper.
function zoomed() {
	const { laid, now, least } = built;
	const node = nodeOf(laid, context.state.at);

	if (node <= 0 || !now.inverted || laid.cut === 0)
		return node;
	const wanted = SHARPEST * laid.width[node] / laid.width[0];

	if (wanted >= least / 2)
		return node;
	lay(wanted);
	return nodeOf(built.laid, context.state.at);
}

function toggle(title, pressed, changes, extra = {}) {
	return h("button", {
		type: "button", "aria-pressed": pressed ? "true" : "false", ...extra,
		onclick: () => state.set(changes),
	}, title);
}

function drawBar() {
	const { metric, inverted, split, differs, wide } = settings(context);
	const focused = document.activeElement?.closest?.(".flame-bar") ? document.activeElement.textContent : null;

	fill(tools.bar, metricSwitch(metric),
		h("div", { class: "switch", role: "group", "aria-label": "Direction" },
			toggle("Callers first", !inverted, { invert: null, at: null }),
			toggle("Allocating function first", inverted, { invert: "1", at: null })),
		h("div", { class: "switch" }, toggle("By thread", split && !differs, { split: split ? null : "thread", at: null },
			{ disabled: differs })),
		context.runs > 1 ? h("div", { class: "switch" },
			toggle("Difference of two runs", differs, { diff: differs ? null : "1", at: null })) : null,
		differs ? h("div", { class: "switch", role: "group", "aria-label": "Width" }, Object.entries(WIDE).map(([name, title]) =>
			toggle(title, name === wide, { wide: name === "both" ? null : name }))) : null,
		tools.search);
	if (focused !== null && document.activeElement === document.body)
		[...tools.bar.querySelectorAll("button")].find((one) => one.textContent === focused)?.focus();
}

function drawLegend() {
	const { laid, now } = built;

	if (now.differs) {
		fill(tools.legend, h("li", null, "less"), h("li", { class: "scale", "aria-hidden": "true" }), h("li", null, "more"),
			h("li", { class: "dim" }, "the sign and the percentage in a frame say it too"));
		return;
	}
	const sums = new Float64Array(VERDICTS.length);
	const { leaves } = laid;

	for (let at = 0; at < leaves.count; at++)
		sums[leaves.verdict[at]] += leaves.value[at];
	fill(tools.legend, VERDICTS.map(({ name }, at) => sums[at] > 0
		? h("li", null, badge(name), h("span", { class: "dim" }, ` ${share(sums[at], laid.total[0])}`)) : null));
}

function foundNow() {
	return context.state.find || context.state.q || "";
}

function drawNote(zoom) {
	const { laid, now } = built;
	const { show } = METRICS[now.metric];
	const text = foundNow();
	const found = matches(laid.functions, text);
	const notes = [];

	notes.push(now.differs
		? h("span", null, h("strong", null, show(laid.total[0])), " in the first run, ", h("strong", null, show(laid.other[0])), " in the second")
		: h("span", null, h("strong", null, show(laid.total[0])), ` ${now.metric === "cost_ns" ? "in malloc and free" : now.metric === "live" ? "blocks never freed" : now.metric === "bytes" ? "allocated" : "blocks"}`));
	if (zoom > 0)
		notes.push(h("span", null, `zoomed to ${share(laid.width[zoom], laid.width[0])} `,
			h("button", { type: "button", class: "link", onclick: () => state.set({ at: null }) }, "all (Esc)")));
	if (found)
		notes.push(h("span", { class: "matched" }, `“${text}” is on ${share(matchedWeight(laid, found), laid.total[0])} of it`));
	if (laid.cut > 0)
		notes.push(h("span", { class: "dim" }, `callers of the ${laid.cut} lightest paths are left out: zoom in to see them`));
	if (now.metric === "live" && context.choice.restricted)
		notes.push(h("span", { class: "dim" }, "never freed is known of sites, not of the chosen time, thread or sizes"));
	if (now.split && !now.differs && laid.functions.groups === undefined)
		notes.push(h("span", { class: "dim" }, "this database does not say which thread allocated: analyze the trace again"));
	fill(tools.note, notes);
	return found;
}

function searchField() {
	let timer = 0;
	const field = h("input", {
		type: "search", placeholder: "highlight functions", "aria-label": "Highlight functions (key h); /…/ is a regular expression",
		maxlength: 200, autocomplete: "off", spellcheck: "false", value: context.state.find ?? "",
	});

	field.addEventListener("input", () => {
		clearTimeout(timer);
		timer = setTimeout(() => state.set({ find: field.value || null }, { replace: true }), TYPED);
	});
	return field;
}

function openSite(node) {
	const path = heaviestPath(built.laid, node);

	if (path >= 0)
		state.set({ view: "site", id: built.doc.paths.site[path] });
}

async function show(root) {
	const doc = await context.find("tree");

	if (!doc) {
		fill(root, empty("There are no stacks here.", "The database has none, or this esc does not export them: esc export --format=tree FILE says which."));
		return;
	}
	if (!root.contains(graph.element))
		fill(root, h("h2", { class: "hide" }, "Flame graph"), tools.bar, tools.note, tools.legend, graph.element, tools.none);
	await build(doc);
	drawBar();
	const isEmpty = !(built.laid.width[0] > 0);

	fill(tools.none, isEmpty ? nothing(context) : null);
	graph.element.hidden = isEmpty;
	tools.legend.hidden = isEmpty;
	const node = isEmpty ? 0 : zoomed();
	const found = drawNote(Math.max(0, node));

	drawLegend();
	if (isEmpty)
		return;
	if (node < 0)
		context.say("The frame that the address names is not among what is chosen: all is shown.");
	graph.show(built.laid, { metric: built.now.metric, zoom: Math.max(0, node), found });
}

function start() {
	graph = pane({
		label: "Flame graph: arrow keys move, Enter zooms in, Escape out, s shows callers and callees, o opens the site",
		onzoom: (node) => state.set({ at: keyOf(built.laid, node) || null }),
		onpick: (node) => state.set({ view: "sandwich", fn: built.laid.functions.name[built.laid.fn[node]] }),
		onopen: openSite,
	});
	tools = {
		bar: h("div", { class: "flame-bar" }), note: h("p", { class: "flame-note" }),
		legend: h("ul", { class: "flame-legend", "aria-label": "Colours" }), none: h("div"), search: searchField(),
	};
}

export default {
	name: "flame",
	title: "Flame graph",
	key: "5",
	keys: [
		{ key: "h", title: "highlight functions in the flame graph", run: () => tools?.search.focus() },
		{ key: "i", title: "turn the flame graph inside out",
			run: () => state.set({ invert: settings(context).inverted ? null : "1", at: null }) },
	],
	async draw(root, given) {
		context = given;
		start();
		await show(root);
	},
	drawn() {
		graph.repaint();
	},
	async update(root, given) {
		context = given;
		if (document.activeElement !== tools.search)
			tools.search.value = context.state.find ?? "";
		await show(root.querySelector(".view") ?? root);
	},
	leave() {
		graph?.end();
		graph = null;
		built = null;
	},
};
