// One function between its callers, above, and what it calls, below; and the list of all
// functions to choose it from.
import { fill, h } from "../dom.js";
import { heaviestPath, keyOf, layOut, nodeOf } from "../flame/layout.js";
import { pane } from "../flame/pane.js";
import { around, functionSums, matches, merge } from "../flame/tree.js";
import { metricOf, metricSwitch, verdictsOf } from "../flame/weights.js";
import { order } from "../model.js";
import { empty, meter, name, nothing } from "../parts.js";
import * as state from "../state.js";
import { table } from "../table.js";
import { base } from "../text.js";
import { METRICS, share } from "../units.js";

const TYPED = 120; // ms until what is typed is searched
const SHARPEST = 1 / 16384; // callers of less weight end
const FIRST = { key: "total", down: true };

let context = null;
let parts = null; // what is on the page
let built = null; // {key, doc, model, tree, sums, metric}
let sides = null; // of the chosen function: {fn, tree, callers, callees}

const show = (value) => METRICS[built.metric].show(value);
const nameOf = (fn) => built.tree.functions.name[fn];
const moduleOf = (fn) => built.tree.functions.module[fn];

const COLUMNS = [
	{ key: "name", title: "Function", width: "minmax(8rem, 1fr)", down: false, text: true, value: nameOf,
		cell: (fn) => name(nameOf(fn)) },
	{ key: "module", title: "Module", width: "5rem", down: false, text: true, value: (fn) => base(moduleOf(fn)),
		cell: (fn) => h("span", { class: "where", title: moduleOf(fn) }, base(moduleOf(fn))) },
	{ key: "self", title: "Self", width: "4.2rem", align: "n", help: "allocated in the function itself",
		value: (fn) => built.sums.self[fn], cell: (fn) => built.sums.self[fn] > 0 ? show(built.sums.self[fn]) : "–" },
	{ key: "total", title: "Total", width: "8.8rem", align: "n", help: "of all stacks that it is on, each once",
		value: (fn) => built.sums.total[fn],
		cell: (fn) => [meter(built.sums.total[fn] / built.tree.total[0]), h("span", { class: "beside-meter" }, show(built.sums.total[fn]))] },
];

function sortOf(text) {
	const [key, way] = (text ?? "").split(" ");

	return COLUMNS.some((column) => column.key === key) ? { key, down: way !== "up" } : FIRST;
}

function build(doc) {
	const metric = metricOf(context.state);
	const key = metric + state.choiceKey(context.state);

	if (built?.key === key && built.model === context.model)
		return;
	const tree = merge([{ doc, weights: context.choice.paths(doc, metric), verdicts: verdictsOf(doc, context.model) }]);

	built = { key, metric, doc, model: context.model, tree, sums: functionSums(tree) };
	sides = null;
}

// The function that the URL names: of several with that name the one in the module that
// it names too, or the heaviest. -1: none.
function chosen() {
	const { fn: wanted, mod } = context.state;
	let found = -1;

	if (wanted === undefined)
		return -1;
	for (let fn = 0; fn < built.sums.total.length; fn++) {
		if (nameOf(fn) !== wanted || !(built.sums.total[fn] > 0))
			continue;
		if (mod !== undefined && base(moduleOf(fn)) === mod)
			return fn;
		if (found < 0 || built.sums.total[fn] > built.sums.total[found])
			found = fn;
	}
	return found;
}

const choose = (fn, how) => state.set({ fn: nameOf(fn), mod: base(moduleOf(fn)) || null, up: null, down: null }, how);

function showList(fn) {
	const sort = sortOf(context.state.sort);
	const column = COLUMNS.find(({ key }) => key === sort.key);
	const found = matches(built.tree.functions, context.state.find);
	const rows = [];

	for (let at = 0; at < built.sums.total.length; at++)
		if (built.sums.total[at] > 0 && (!found || found[at]))
			rows.push(at);
	const sorted = order(rows, column.value, sort.down, column.text);

	parts.grid.show(sorted, sort, Math.max(0, sorted.indexOf(fn)));
	fill(parts.count, rows.length === 1 ? "1 function" : `${rows.length} functions`);
	parts.grid.element.hidden = rows.length === 0;
	return sorted;
}

function showSide(graph, laid, key) {
	const node = Math.max(0, nodeOf(laid, context.state[key]));

	graph.show(laid, { metric: built.metric, zoom: node, found: null });
}

function showSides(fn) {
	if (sides?.fn !== fn || sides.tree !== built.tree) {
		const { callers, callees } = around(built.tree, fn, { least: SHARPEST });

		sides = { fn, tree: built.tree, callers: layOut(callers), callees: layOut(callees) };
	}
	const { self, total } = built.sums;
	const whole = built.tree.total[0];

	fill(parts.title, name(nameOf(fn)), h("span", { class: "where" }, ` ${base(moduleOf(fn))}`));
	fill(parts.note, h("span", null, h("strong", null, show(total[fn])), ` with all it calls, ${share(total[fn], whole)} of what is chosen`),
		h("span", null, h("strong", null, show(self[fn])), ` allocated in itself, ${share(self[fn], whole)}`),
		sides.callers.cut > 0 ? h("span", { class: "dim" }, `callers of the lightest ${sides.callers.cut === 1 ? "path" : `${sides.callers.cut} paths`} are left out`) : null,
		h("a", { href: state.link({ view: "flame", find: nameOf(fn) }) }, "in the flame graph"));
	showSide(parts.callers, sides.callers, "up");
	showSide(parts.callees, sides.callees, "down");
}

async function showAll(root) {
	const doc = await context.find("tree");

	if (!doc) {
		fill(root, h("h2", { class: "hide" }, "Callers and callees"), empty("There are no stacks here.",
			"The database has none, or this esc does not export them: esc export --format=tree FILE says which."));
		return;
	}
	if (!root.contains(parts.body))
		fill(root, h("h2", { class: "hide" }, "Callers and callees"), parts.bar, parts.body, parts.none);
	build(doc);
	const isEmpty = !(built.tree.total[0] > 0);

	parts.body.hidden = isEmpty;
	fill(parts.none, isEmpty ? nothing(context) : null);
	const focused = parts.menu.contains(document.activeElement) ? document.activeElement.textContent : null;

	fill(parts.menu, metricSwitch(built.metric));
	if (focused !== null)
		[...parts.menu.querySelectorAll("button")].find((one) => one.textContent === focused)?.focus();
	if (isEmpty)
		return;
	const named = chosen();
	const rows = showList(named);
	const fn = named >= 0 ? named : context.state.fn === undefined && rows.length > 0 ? heaviestOwn() : -1;

	parts.right.hidden = fn < 0;
	fill(parts.absent, fn < 0 ? empty(context.state.fn === undefined ? "Choose a function." : "That function is not on any chosen stack.",
		"Choose one from the list, or with the key s in the flame graph.") : null);
	if (fn >= 0)
		showSides(fn);
}

// What is shown first: the function that allocates most itself.
function heaviestOwn() {
	const { self } = built.sums;

	return self.reduce((best, value, fn) => value > self[best] ? fn : best, 0);
}

function side(title, key, flip) {
	return pane({
		label: `${title}: arrow keys move, Enter zooms in, Escape out, s puts the function in the middle, o opens the site`,
		flip, below: flip ? "Callers of" : "Called by",
		onzoom: (node) => state.set({ [key]: keyOf(sides[flip ? "callers" : "callees"], node) || null }),
		onpick: (node) => {
			const laid = sides[flip ? "callers" : "callees"];

			choose(laid.fn[node]);
		},
		onopen: (node) => {
			const path = heaviestPath(sides[flip ? "callers" : "callees"], node);

			if (path >= 0)
				state.set({ view: "site", id: built.doc.paths.site[path] });
		},
	});
}

function start() {
	let timer = 0;
	const search = h("input", {
		type: "search", class: "find", placeholder: "find a function", "aria-label": "Find a function; /…/ is a regular expression",
		maxlength: 200, autocomplete: "off", spellcheck: "false", value: context.state.find ?? "",
	});

	search.addEventListener("input", () => {
		clearTimeout(timer);
		timer = setTimeout(() => state.set({ find: search.value || null }, { replace: true }), TYPED);
	});
	const grid = table({
		columns: COLUMNS, label: "Functions", onopen: (fn) => choose(fn),
		onsort: ({ key, down }) => state.set({ sort: `${key} ${down ? "down" : "up"}` }, { replace: true }),
	});

	parts = {
		search, grid, callers: side("Callers", "up", true), callees: side("Callees", "down", false),
		menu: h("div"), count: h("span", { class: "dim" }), title: h("h3", { class: "middle" }),
		note: h("p", { class: "flame-note" }), absent: h("div"), none: h("div"),
	};
	parts.bar = h("div", { class: "flame-bar" }, parts.menu, search, parts.count);
	parts.right = h("div", { class: "sandwich-sides" }, h("h3", null, "Callers"), parts.callers.element,
		parts.title, parts.note, h("h3", null, "Callees"), parts.callees.element);
	parts.body = h("div", { class: "sandwich-body" }, h("div", { class: "sandwich-list" }, grid.element),
		h("div", { class: "sandwich-right" }, parts.right, parts.absent));
}

export default {
	name: "sandwich",
	title: "Callers & callees",
	key: "6",
	async draw(root, given) {
		context = given;
		start();
		await showAll(root);
	},
	drawn(root) {
		if (parts.body.isConnected && !parts.body.hidden)
			return showAll(root); // now that it is known how much has room
		return undefined;
	},
	async update(root, given) {
		context = given;
		if (document.activeElement !== parts.search)
			parts.search.value = context.state.find ?? "";
		await showAll(root.querySelector(".view") ?? root);
	},
	leave() {
		parts?.callers.end();
		parts?.callees.end();
		parts = null;
		built = null;
		sides = null;
	},
};
