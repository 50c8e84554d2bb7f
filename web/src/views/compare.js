// Two runs side by side: what each did, and which sites changed.
import { add, fill, h } from "../dom.js";
import { parseFilter } from "../filter.js";
import { changeOf } from "../flame/draw.js";
import { order } from "../model.js";
import { badge, empty, name } from "../parts.js";
import * as state from "../state.js";
import { table } from "../table.js";
import { commandOf, place } from "../text.js";
import { METRICS, bytes, count, ns, share } from "../units.js";
import { VERDICTS } from "../verdicts.js";
import { metricSwitch, wholeRun } from "./summary.js";

const FIRST = { key: "change", down: true };
const ROW = 28; // pixels, of the table
const STATES = { new: "+", gone: "−", worse: "▲", better: "▼", same: "=" };

let context = null;
let grid = null;
let changes = null; // {count, value(key, row)}
let metric = "blocks";

// The changes of the document `diff`, which are columns (as those of `sites`) or objects.
export function changesOf({ changes: found }) {
	if (Array.isArray(found))
		return { count: found.length, value: (key, row) => found[row][key] ?? null };
	const { count: rows, columns } = found;

	return {
		count: rows,
		value(key, row) {
			const column = columns[key];

			return (Array.isArray(column) ? column[row] : column?.text[column.at[row]]) ?? null;
		},
	};
}

const value = (key, row) => changes.value(key, row);
const number = (key, row) => value(key, row) ?? 0;
const delta = (row) => number(`${metric}_b`, row) - number(`${metric}_a`, row);

function signed(change) {
	return change === 0 ? "–" : `${change > 0 ? "+" : "−"}${METRICS[metric].show(Math.abs(change))}`;
}

function verdictPair(row) {
	const [before, after] = [value("verdict_a", row), value("verdict_b", row)];

	return before === after ? badge(before) : [before ? badge(before, { word: false }) : "–", " → ",
		after ? badge(after) : "–"];
}

const COLUMNS = [
	{ key: "state", title: "State", width: "4.6rem", down: false, text: true, value: (row) => value("state", row) ?? "",
		cell: (row) => [h("span", { class: `state ${value("state", row)}`, "aria-hidden": "true" }, STATES[value("state", row)] ?? ""),
			" ", value("state", row)] },
	{ key: "verdict", title: "Verdict", width: "8.5rem", down: false, text: true, value: (row) => value("verdict_b", row) ?? value("verdict_a", row) ?? "",
		cell: verdictPair },
	{ key: "function", title: "Function", width: "minmax(12rem, 2fr)", down: false, text: true, value: (row) => value("function", row) ?? "",
		cell: (row) => name(value("function", row)) },
	{ key: "file", title: "Where", width: "minmax(9rem, 1fr)", down: false, text: true, value: (row) => value("file", row) ?? "",
		cell: (row) => h("span", { class: "where", title: value("file", row) || value("module", row) },
			place(value("file", row), 0, value("module", row)),
			[value("line_a", row), value("line_b", row)].filter((one) => one > 0)
				.filter((one, at, all) => all.indexOf(one) === at).map((one, at) => `${at === 0 ? ":" : " → "}${one}`)) },
	{ key: "before", title: "First", width: "5.4rem", align: "n", value: (row) => number(`${metric}_a`, row),
		cell: (row) => METRICS[metric].show(number(`${metric}_a`, row)) },
	{ key: "after", title: "Second", width: "5.4rem", align: "n", value: (row) => number(`${metric}_b`, row),
		cell: (row) => METRICS[metric].show(number(`${metric}_b`, row)) },
	{ key: "change", title: "Change", width: "6rem", align: "n", help: "sorted by its size", value: (row) => Math.abs(delta(row)),
		cell: (row) => signed(delta(row)) },
	{ key: "percent", title: "Percent", width: "4.6rem", align: "n", sortable: false,
		cell: (row) => changeOf(number(`${metric}_a`, row), number(`${metric}_b`, row)) },
];

function sortOf(text) {
	const [key, way] = (text ?? "").split(" ");

	return COLUMNS.some((column) => column.key === key && column.value) ? { key, down: way !== "up" } : FIRST;
}

const total = (verdicts, key) => (verdicts ?? []).reduce((all, one) => all + (one[key] ?? 0), 0);

// [what, first, second, show, higher is worse]
function facts([first, second]) {
	const of = (title, get, show) => [title, get(first), get(second), show];

	return [
		of("Ran for", ({ run }) => run.duration_ns, ns),
		of("Allocations", ({ run }) => run.allocations, count),
		of("Allocated", ({ run }) => run.bytes, bytes),
		of("Live at the peak", ({ run }) => run.peak_bytes, bytes),
		of("In malloc and free", ({ run }) => run.cost_ns, ns),
		of("Blocks that need not be on the heap", ({ verdicts }) => total(verdicts, "movable_blocks"), count),
		of("Time that could be saved", ({ verdicts }) => total(verdicts, "movable_cost_ns"), ns),
	];
}

function sides(infos) {
	const shares = infos.map(({ verdicts }) => share(total(verdicts, "movable_blocks"), total(verdicts, "blocks")));
	const titles = infos.map(({ run }) => commandOf(run));

	return h("div", { class: "scroll" }, h("table", { class: "plain-table sides" },
		h("thead", null, h("tr", null, h("td"), infos.map((_, at) => h("th", { scope: "col", class: "n" },
			h("a", { href: state.link({ view: "summary", run: at === 0 ? null : 2 }) }, at === 0 ? "First run" : "Second run"))),
		h("th", { scope: "col", class: "n" }, "Change"))),
		h("tbody", null,
			h("tr", null, h("th", { scope: "row" }, "Command"), titles.map((title) => h("td", { class: "n code", title }, title)), h("td")),
			facts(infos).map(([title, before, after, show]) => h("tr", null, h("th", { scope: "row" }, title),
				h("td", { class: "n" }, show(before ?? 0)), h("td", { class: "n" }, show(after ?? 0)),
				h("td", { class: "n" }, changeOf(before ?? 0, after ?? 0)))),
			h("tr", null, h("th", { scope: "row" }, "Share that need not be on the heap"), shares.map((text) =>
				h("td", { class: "n" }, h("strong", null, text))), h("td")))));
}

function bar({ verdicts = [] }, which) {
	const all = total(verdicts, metric);
	const known = VERDICTS.map((one) => ({ ...one, value: verdicts.find(({ verdict }) => verdict === one.name)?.[metric] ?? 0 }))
		.filter((one) => one.value > 0);

	return h("div", { class: "bar-line" }, h("span", { class: "dim" }, which), h("div", { class: "bar", role: "img",
		"aria-label": `${which}: ${known.map((one) => `${one.name} ${share(one.value, all)}`).join(", ")}` },
	known.map((one) => h("span", { class: `segment v-${one.name}`, title: `${one.name}: ${share(one.value, all)}`,
		style: { "flex-grow": one.value / all } }, h("span", null, one.mark)))));
}

function verdictRows(infos) {
	const of = (info, verdict) => info.verdicts?.find((one) => one.verdict === verdict)?.[metric] ?? 0;
	const { show } = METRICS[metric];

	return h("table", { class: "plain-table sides" }, h("thead", null, h("tr", null, h("th", { scope: "col" }, "Verdict"),
		["First run", "Second run", "Change"].map((one) => h("th", { scope: "col", class: "n" }, one)))),
	h("tbody", null, VERDICTS.map(({ name: verdict }) => [verdict, ...infos.map((info) => of(info, verdict))])
		.filter(([, before, after]) => before > 0 || after > 0).map(([verdict, before, after]) => h("tr", null,
			h("th", { scope: "row" }, badge(verdict)), h("td", { class: "n" }, show(before)), h("td", { class: "n" }, show(after)),
			h("td", { class: "n" }, changeOf(before, after))))));
}

function makeGrid() {
	return table({
		columns: COLUMNS, label: "Sites of both runs",
		onsort: ({ key, down }) => state.set({ sort: `${key} ${down ? "down" : "up"}` }, { replace: true }),
		onopen: (row) => {
			const [before, after] = [value("id_a", row), value("id_b", row)];

			state.set(after !== null ? { view: "site", run: 2, id: after } : { view: "site", run: null, id: before });
		},
	});
}

function showChanges(note) {
	const sort = sortOf(context.state.sort);
	const column = COLUMNS.find(({ key }) => key === sort.key);
	const { verdicts, module, file, q } = parseFilter(context.state);
	const part = (q ?? "").toLowerCase();
	const rows = [];

	for (let row = 0; row < changes.count; row++)
		if ((!verdicts || verdicts.has(value("verdict_a", row)) || verdicts.has(value("verdict_b", row))) &&
		    (!module || value("module", row) === module) && (!file || value("file", row) === file) &&
		    ["function", "file", "module"].some((key) => (value(key, row) ?? "").toLowerCase().includes(part)))
			rows.push(row);
	const kinds = Object.keys(STATES).map((one) => [one, rows.filter((row) => value("state", row) === one).length])
		.filter(([, found]) => found > 0);

	fill(note, kinds.length === 0 ? "No site is like that." : kinds.map(([one, found]) => h("span", null, h("span", { class: `state ${one}`, "aria-hidden": "true" }, STATES[one]),
		` ${count(found)} ${one}`)));
	grid.element.style.setProperty("height", `min(${(rows.length + 2) * ROW}px, 70vh)`);
	grid.show(order(rows, column.value, sort.down, column.text), sort);
}

async function show(root) {
	if (context.runs < 2) {
		fill(root, h("h2", { class: "hide" }, "Two runs"), empty("One run is open.",
			"Open two, the one before a change and the one after it: ", h("code", null, "esc serve BEFORE AFTER"), "."));
		return;
	}
	const infos = await Promise.all([1, 2].map((run) => context.data.get("info", { run })));
	const diff = await context.data.find("diff");

	metric = ["bytes", "cost_ns"].includes(context.state.metric) ? context.state.metric : "blocks";
	changes = diff && changesOf(diff);
	grid = changes && makeGrid();
	const note = h("p", { class: "flame-note" });

	fill(root, h("h2", null, "Two runs"), h("p", { class: "dim" }, wholeRun(context)), sides(infos),
		h("div", { class: "line later" }, h("h3", null, "By verdict"), metricSwitch(metric)),
		bar(infos[0], "first"), bar(infos[1], "second"), verdictRows(infos),
		h("div", { class: "line later" }, h("h3", null, "Sites"),
			h("a", { href: state.link({ view: "flame", diff: "1", run: null }) }, "the difference as a flame graph")),
		changes ? [note, h("div", { class: "changes" }, grid.element)]
			: add(h("p", { class: "prose" }), "This esc has no list of what changed between the two runs. The flame graph shows where they differ, the sites of each run stand in ",
				h("a", { href: state.link({ view: "sites", run: null }) }, "the first"), " and ",
				h("a", { href: state.link({ view: "sites", run: 2 }) }, "the second"), " table."));
	if (changes)
		showChanges(note);
}

export default {
	name: "compare",
	title: "Two runs",
	key: "0",
	ignores: (choice) => choice.restricted,
	async draw(root, given) {
		context = given;
		await show(root);
	},
	drawn(root) {
		const note = root.querySelector(".changes")?.previousElementSibling;

		if (note)
			showChanges(note); // now that it is known how much has room
	},
	async update(root, given) {
		context = given;
		const focused = document.activeElement?.textContent;

		await show(root.querySelector(".view") ?? root);
		if (document.activeElement === document.body && focused)
			[...root.querySelectorAll("button")].find((one) => one.textContent === focused)?.focus();
	},
	leave() {
		grid = null;
		changes = null;
	},
};
