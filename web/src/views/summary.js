// What ran, what of it need not be on the heap, and where to begin.
import { add, fill, h } from "../dom.js";
import { order } from "../model.js";
import { badge, meter, name, nothing, section, where } from "../parts.js";
import * as state from "../state.js";
import { base, commandOf, programOf } from "../text.js";
import { METRICS, bytes, count, exact, ns, plural, share } from "../units.js";
import { VERDICTS, indexOf, verdictOf } from "../verdicts.js";

const TOP = 10;
const PARTS = 100; // rows of processes, of phases
const METRIC = { blocks: "blocks", bytes: "bytes", cost_ns: "time" };

function sum(verdicts, key) {
	return verdicts.reduce((all, verdict) => all + (verdict[key] ?? 0), 0);
}

function card(title, value, detail, className) {
	return h("div", { class: `card ${className ?? ""}` },
		h("dt", null, title), h("dd", null, h("strong", null, value), h("span", { class: "dim" }, detail)));
}

const WHOLE = { blocks: "blocks.estimated", bytes: "bytes.estimated", cost_ns: "cost_ns.total" };

// What need not be on the heap of what is chosen of a site: of a part of its blocks that is
// the site's share.
function movable({ model, choice }, row, key) {
	const saved = model.number(`saved.${key}`, row);

	return (choice.restricted ? choice.sums[key][row] * saved / model.number(WHOLE[key], row) : saved) || 0;
}

// The sums by verdict of what is chosen: the report's own where that is all.
export function verdictsOf(context) {
	const { info, model, choice } = context;

	if (choice.all || !info.verdicts)
		return info.verdicts;
	const made = VERDICTS.map(({ name: verdict }) => ({ verdict, sites: 0, blocks: 0, bytes: 0, cost_ns: 0,
		movable_blocks: 0, movable_bytes: 0, movable_cost_ns: 0 }));
	const names = model.texts("verdict");
	const places = names.text.map(indexOf);

	for (let row = 0; row < model.count; row++) {
		const one = made[places[names.at[row]]];

		if (!choice.sites[row])
			continue;
		one.sites++;
		for (const key of Object.keys(WHOLE)) {
			one[key] += choice.sums[key][row] || 0;
			one[`movable_${key}`] += movable(context, row, key);
		}
	}
	return made;
}

// Of a part of the run: what it is of the whole.
function cardsOfPart(verdicts, { info, choice, model }) {
	const all = (key) => sum(info.verdicts, key);
	const some = (key) => sum(verdicts, key);

	return h("dl", { class: "cards" },
		card("Need not be on the heap", share(some("movable_blocks"), some("blocks")),
			`${count(some("movable_blocks"))} of ${plural(some("blocks"), "chosen block")}${undecided(verdicts, some("blocks"))}`, "first"),
		card("Sites chosen", count(choice.count), `of ${count(model.count)}`),
		card("Blocks chosen", count(some("blocks")), `${share(some("blocks"), all("blocks"))} of the run's`),
		card("Bytes chosen", bytes(some("bytes")), `${share(some("bytes"), all("bytes"))} of the run's`),
		card("In malloc and free", ns(some("cost_ns")),
			`${share(some("cost_ns"), all("cost_ns"))} of the run's; ${ns(some("movable_cost_ns"))} could be saved`));
}

// What may be either, where it is enough to matter.
export function undecided(verdicts, blocks) {
	const unknown = verdicts.find(({ verdict }) => verdict === "unknown");
	const rest = unknown ? unknown.blocks - (unknown.movable_blocks ?? 0) : 0;

	return rest * 200 >= blocks && rest > 0 ? `, ${share(rest, blocks)} not decided` : "";
}

function cards({ run }, verdicts = []) {
	const blocks = sum(verdicts, "blocks");
	const movable = sum(verdicts, "movable_blocks");
	const size = sum(verdicts, "bytes");
	const cost = sum(verdicts, "cost_ns");

	return h("dl", { class: "cards" },
		card("Need not be on the heap", share(movable, blocks),
			`${count(movable)} of ${plural(blocks, "block")}${undecided(verdicts, blocks)}`, "first"),
		card("Allocations", count(run.allocations), `${count(run.frees)} frees`),
		card("Allocated", bytes(run.bytes), `${share(sum(verdicts, "movable_bytes"), size)} need not be on the heap`),
		card("At the peak", bytes(run.peak_bytes), "live at one time"),
		card("In malloc and free", ns(run.cost_ns),
			`${share(run.cost_ns, run.duration_ns)} of the run; ` +
			`${ns(sum(verdicts, "movable_cost_ns"))} of ${ns(cost)} could be saved`));
}

// One bar, a segment a verdict: its letter stands in it where there is room.
function bar(verdicts, metric) {
	const all = sum(verdicts, metric);
	const known = VERDICTS.map(({ name: verdict }) => verdicts.find((one) => one.verdict === verdict))
		.filter((one) => one && one[metric] > 0);

	return h("div", { class: "bar", role: "group",
		"aria-label": `Share of ${METRIC[metric]} by verdict: ` +
			known.map((one) => `${one.verdict} ${share(one[metric], all)}`).join(", ") },
	known.map((one) => h("a", {
		class: `segment v-${one.verdict}`, href: state.link({ view: "sites", verdict: one.verdict }), tabindex: -1,
		title: `${one.verdict}: ${share(one[metric], all)} of the ${METRIC[metric]}`,
		style: { "flex-grow": one[metric] / all },
	}, h("span", null, verdictOf(one.verdict).mark))));
}

export function metricSwitch(current) {
	return h("div", { class: "switch", role: "group", "aria-label": "Weigh by" },
		Object.keys(METRIC).map((metric) => h("button", {
			type: "button", "aria-pressed": metric === current ? "true" : "false",
			onclick: () => state.set({ metric: metric === "blocks" ? null : metric }, { replace: true }),
		}, METRICS[metric].title)));
}

// Why not all, or some, of a verdict's blocks count as movable: as `esc report` says it.
function exceptions(kind, { blocks, movable_blocks: movable = 0 }) {
	if (kind === "move" && blocks - movable >= 0.5)
		return `; ${count(blocks - movable)} of them a library's own`;
	return kind === "keep" && movable >= 0.5 ? `; ${count(movable)} of them do not when called from some` : "";
}

function verdictRows(verdicts) {
	const all = Object.fromEntries(Object.keys(METRIC).map((key) => [key, sum(verdicts, key)]));

	return VERDICTS.map(({ name: verdict, advice, kind }) => {
		const one = verdicts.find((found) => found.verdict === verdict);

		return !one || one.sites === 0 ? null : h("tr", null,
			h("th", { scope: "row" }, h("a", { href: state.link({ view: "sites", verdict }) }, badge(verdict))),
			h("td", { class: "n" }, count(one.sites)),
			h("td", { class: "n", title: exact(one.blocks) }, count(one.blocks)),
			h("td", { class: "n" }, share(one.blocks, all.blocks)),
			h("td", { class: "n", title: exact(one.bytes) }, bytes(one.bytes)),
			h("td", { class: "n" }, ns(one.cost_ns)),
			h("td", { class: "n" }, one.movable_blocks > 0 ? share(one.movable_blocks, one.blocks) : "–"),
			h("td", { class: "advice" }, advice, exceptions(kind, one)));
	});
}

function verdictPart(verdicts, metric) {
	if (!verdicts)
		return null;
	const titles = [["Verdict"], ["Sites", "n"], ["Blocks", "n"], ["", "n"], ["Bytes", "n"], ["Time", "n"],
		["Movable", "n"], ["What to do", "advice"]];

	return h("section", { class: "part" },
		h("div", { class: "line" }, h("h2", null, "Verdicts"), metricSwitch(metric)),
		bar(verdicts, metric),
		h("div", { class: "scroll" }, h("table", { class: "plain-table" },
			h("thead", null, h("tr", null, titles.map(([title, kind]) =>
				h(title ? "th" : "td", { scope: title ? "col" : null, class: kind }, title)))),
			h("tbody", null, verdictRows(verdicts)))));
}

// The sites with the most to gain, each with what to do.
function top(context) {
	const { model, choice } = context;
	const saved = new Float64Array(model.count);
	const blocks = new Float64Array(model.count);
	const chosen = [];

	for (let row = 0; row < model.count; row++) {
		saved[row] = choice.sites[row] ? movable(context, row, "cost_ns") : 0;
		blocks[row] = choice.sites[row] ? movable(context, row, "blocks") : 0;
		if (saved[row] > 0 || blocks[row] > 0)
			chosen.push(row);
	}
	const rows = [...order(chosen, (row) => saved[row], true)].slice(0, TOP);
	const most = saved[rows[0]];

	if (rows.length === 0)
		return section("Where to begin", h("p", { class: "dim" },
			"Nothing that was chosen can leave the heap: the blocks outlive their functions, as they should."));
	return h("section", { class: "part" },
		h("div", { class: "line" }, h("h2", null, "Where to begin"),
			h("a", { href: state.link({ view: "sites" }) }, `all ${count(choice.all ? model.total : choice.count)} sites`)),
		h("ol", { class: "begin" }, rows.map((row) => h("li", null,
			h("a", { class: "what", href: state.link({ view: "site", id: model.id(row) }) },
				badge(model.text("verdict", row)), " ", name(model.text("function", row))), " ",
			where({ file: model.text("file", row), line: model.number("line", row), module: model.text("module", row) }),
			h("span", { class: "gain n" }, meter(saved[row] / most), h("span", { class: "beside-meter" }, ns(saved[row]))),
			h("span", { class: "n" }, plural(blocks[row], "block")),
			h("p", { class: "advice" }, model.text("advice", row) || verdictOf(model.text("verdict", row)).advice)))));
}

// A table of parts of the run, as the commands tell them; rows are lists of cells.
function partTable(title, note, columns, rows) {
	const kind = (at) => at === 0 || columns[at] === "Program" ? null : "n";

	return h("section", { class: `part ${title.toLowerCase()}` }, h("h2", null, title), note ? h("p", { class: "dim" }, note) : null,
		h("div", { class: "scroll" }, h("table", { class: "plain-table" },
			h("thead", null, h("tr", null, columns.map((column, at) => h("th", { scope: "col", class: kind(at) }, column)))),
			h("tbody", null, rows.slice(0, PARTS).map(([first, ...others]) => h("tr", null, h("th", { scope: "row" }, first),
				others.map((one, at) => h("td", { class: kind(at + 1) }, one))))))),
		rows.length > PARTS ? h("p", { class: "dim" }, `${count(rows.length - PARTS)} more: see esc info`) : null);
}

export const wholeRun = ({ choice }) => choice.all ? null : "Of the whole run, whatever is chosen.";

// Of one there is nothing to tell apart.
function processes(context) {
	const found = context.info.processes ?? [];

	return found.length < 2 ? null : partTable("Processes", wholeRun(context),
		["Process", "Program", "Parent", "After", "Threads", "Allocations", "Bytes", "Movable"],
		found.map((one) => [h("a", { href: state.link({ view: "sites", process: one.pid }) }, String(one.pid)),
			h("span", { title: one.program }, programOf(one)), one.parent ? String(one.parent) : "–", ns(one.start_ns), count(one.threads),
			count(one.allocations), bytes(one.bytes), one.blocks > 0 ? share(one.share, 1) : "–"]));
}

function phases(context) {
	const found = context.info.phases ?? [];

	return found.length === 0 ? null : partTable("Phases", wholeRun(context),
		["Phase", "Entered", "First at", "Time", "Sites", "Blocks", "Bytes", "Movable"],
		found.map((one) => [h("a", { href: state.link({ view: "sites", phase: one.name, nophase: null }) }, one.name), count(one.entered),
			ns(one.first_ns), ns(one.time_ns), count(one.sites), count(one.blocks), bytes(one.bytes),
			one.blocks > 0 ? share(one.stackable, one.blocks) : "–"]));
}

function facts({ run }) {
	const mode = run.mode === "auto" ? `auto, at most ${run.budget ?? "?"}% of the time` : run.mode;
	const rows = [
		["Command", h("code", { class: "command", title: commandOf(run) }, commandOf(run))],
		["Program", run.exe ? h("code", null, run.exe) : null],
		["Began", run.start ? run.start.replace("T", " ").replace(/\.\d+Z/, " UTC") : null],
		["Ran", ns(run.duration_ns)],
		["Recorded", `${mode}; ${plural(run.recorded, "block")}`],
		["Process", `${run.pid}${run.processes > 1 ? ` and ${run.processes - 1} more` : ""}, ${plural(run.threads, "thread")}`],
		["Allocator", run.allocator || null],
		["Limit", `blocks above ${bytes(run.stack_limit)} are too large for the stack`],
		["Trace", run.trace ? h("code", null, run.trace) : null],
	];

	return section("What ran", h("dl", { class: "facts" }, rows.filter(([, value]) => value)
		.map(([title, value]) => [h("dt", null, title), h("dd", null, value)])));
}

// Modules whose sites have no lines, and why a file gave none.
function unseen({ model, info }) {
	const { module: { text = [], at = [] } = {}, blocks = [] } = model.nameless?.columns ?? {};
	const all = (info.verdicts ?? []).reduce((sum, one) => sum + one.blocks, 0);
	const worst = blocks.slice(0, 6).map((some, row) => [text[at[row]] ?? "", some]);
	const lines = worst.map(([module, some]) => h("li", null,
		h("strong", { title: module }, base(module) || "no module"), ` has no lines (${share(some, all)} of the blocks): ` +
		"build it with -g, or install its debug symbols"));
	const noted = (info.modules ?? []).filter((module) => module.note).slice(0, 6).map((module) =>
		h("li", null, h("strong", { title: module.path }, base(module.path)), `: ${module.note}`));

	return lines.length + noted.length === 0 ? null
		: section("Not seen", h("ul", { class: "unseen" }, lines, noted));
}

function show(root, context) {
	const metric = context.state.metric in METRIC ? context.state.metric : "blocks";

	const verdicts = verdictsOf(context);
	const isEmpty = context.choice.count === 0;

	fill(root, h("h2", { class: "hide" }, "Summary"), context.choice.all || !verdicts ? cards(context.info, verdicts)
		: cardsOfPart(verdicts, context),
		isEmpty ? nothing(context) : null,
		h("div", { class: "columns wide" },
			h("div", null, isEmpty ? null : [verdictPart(verdicts, metric), top(context)], processes(context), phases(context)),
			h("div", null, facts(context.info), unseen(context))));
	context.say(`Summary: ${count(context.model.total)} sites`);
}

export default {
	name: "summary",
	title: "Summary",
	key: "1",
	first: () => true,
	async draw(root, context) {
		show(add(root), context);
	},
	async update(root, context) {
		show(root.firstChild, context);
	},
};
