// The table of sites: what was allocated where, and whether it need have been.
import { add, fill, h } from "../dom.js";
import { totals } from "../filter.js";
import { order } from "../model.js";
import { badge, meter, name, nothing, spark, where } from "../parts.js";
import * as state from "../state.js";
import { PRINTED, table } from "../table.js";
import { programOf } from "../text.js";
import { bytes, count, ns, plural, share } from "../units.js";
import { indexOf } from "../verdicts.js";

const FIRST = { key: "saved.cost_ns", down: true };
let grid = null;
let context = null;

const number = (key, row) => context.model.number(key, row);
const text = (key, row) => context.model.text(key, row);
const dash = (value, show) => Number.isNaN(value) ? "–" : show(value);

function evidence(row) {
	const proved = number("evidence.proved", row);
	const all = proved + number("evidence.inferred", row);

	return all > 0 ? [meter(proved / all), ` ${share(proved, all)}`] : "–";
}

// What a column shows, and what it is sorted by where that is not the column of its key.
const COLUMNS = [
	{ key: "verdict", title: "Verdict", width: "6.2rem", down: false,
		value: (row) => indexOf(text("verdict", row)), cell: (row) => badge(text("verdict", row)) },
	{ key: "function", title: "Function", width: "minmax(12rem, 3fr)", down: false, text: true,
		cell: (row) => name(text("function", row)) },
	{ key: "file", title: "Where", width: "minmax(8rem, 1.4fr)", down: false, text: true,
		value: (row) => text("file", row) ? `${text("file", row)}:${String(number("line", row)).padStart(9, "0")}` : "",
		cell: (row) => where({ file: text("file", row), line: number("line", row), module: text("module", row) }) },
	{ key: "blocks", title: "Blocks", width: "4.6rem", align: "n", value: (row) => context.choice.sums.blocks[row],
		cell: (row) => count(context.choice.sums.blocks[row]) },
	{ key: "bytes", title: "Bytes", width: "5rem", align: "n", value: (row) => context.choice.sums.bytes[row],
		cell: (row) => bytes(context.choice.sums.bytes[row]) },
	{ key: "peak.bytes", title: "At peak", width: "5rem", align: "n", help: "live when most was, whatever is chosen of the site",
		cell: (row) => number("peak.bytes", row) > 0 ? bytes(number("peak.bytes", row)) : "–" },
	{ key: "cost_ns", title: "Time", width: "4.6rem", align: "n", help: "in malloc and free",
		value: (row) => context.choice.sums.cost_ns[row], cell: (row) => ns(context.choice.sums.cost_ns[row]) },
	{ key: "saved.cost_ns", title: "To save", width: "4.8rem", align: "n",
		help: "time in malloc and free of the blocks that need not be on the heap",
		cell: (row) => number("saved.cost_ns", row) > 0 ? ns(number("saved.cost_ns", row)) : "–" },
	{ key: "size.p50", title: "Size", width: "4.8rem", align: "n", help: "of half of the blocks, at most",
		cell: (row) => dash(number("size.p50", row), bytes) },
	{ key: "life_ns.p50", title: "Life, p50", width: "5rem", align: "n", help: "half of the blocks lived so long, at most",
		cell: (row) => dash(number("life_ns.p50", row), ns) },
	{ key: "life_ns.p99", title: "Lifetimes", width: "5.2rem",
		help: "blocks by lifetime, from 1 ns on the left to seconds on the right, both logarithmic; sorted by the 99th percentile",
		cell: (row) => spark(text("life_shape", row)) },
	{ key: "evidence", title: "Proved", width: "8rem",
		help: "the share of blocks whose fate is proved; of the others it is presumed",
		value: (row) => {
			const proved = number("evidence.proved", row);

			return proved / (proved + number("evidence.inferred", row));
		}, cell: evidence },
	{ key: "process", title: "Process", width: "7rem", help: "that allocated there, or how many of all did",
		cell: (row) => processOf(number("process", row)) ?? `${number("processes", row)} of ${context.info.run.processes}` },
];

// "4711 cc1plus"; of one process there is nothing to tell apart.
function processOf(pid) {
	const process = context.info.processes?.find((one) => one.pid === pid);

	return Number.isNaN(pid) ? null : name(`${pid} ${programOf(process)}`);
}

const columns = () => COLUMNS.filter(({ key }) => key !== "process" || context.info.run.processes > 1);

function sorted(sort) {
	const column = COLUMNS.find(({ key }) => key === sort.key) ?? COLUMNS.find(({ key }) => key === FIRST.key);
	const chosen = [];
	const value = column.value ?? (column.text ? (row) => text(column.key, row)
		: (row) => number(column.key, row));

	for (let row = 0; row < context.model.count; row++)
		if (context.choice.sites[row])
			chosen.push(row);
	// once a row, not once a comparison
	const values = new Array(context.model.count);

	for (const row of chosen)
		values[row] = value(row);
	return order(chosen, (row) => values[row], sort.down, column.text);
}

function sortOf(where_) {
	const [key, way] = (where_.sort ?? "").split(" ");

	return COLUMNS.some((column) => column.key === key) ? { key, down: way !== "up" } : FIRST;
}

const link = (row) => state.link({ view: "site", id: context.model.id(row) });

// {sites, blocks, bytes, cost_ns, saved} of the rows; of rows that are not all, the report's.
function sums() {
	const { choice, info: { verdicts }, model } = context;
	const of = (key) => verdicts.reduce((all, one) => all + one[key], 0);
	let saved = 0;

	if (!model.whole)
		return { sites: model.total, blocks: of("blocks"), bytes: of("bytes"), cost_ns: of("cost_ns"), saved: of("movable_blocks") };
	for (let row = 0; row < model.count; row++)
		saved += choice.sites[row] ? (number("saved.blocks", row) || 0) : 0;
	return { ...totals(choice), saved };
}

function total() {
	const { sites, blocks, bytes: size, cost_ns: time, saved } = sums();
	const all = context.info.run;

	return h("p", { class: "totals" },
		h("strong", null, plural(sites, "site")), ", ", h("strong", null, plural(blocks, "block")), ", ", h("strong", null, bytes(size)), ", ",
		h("strong", null, ns(time)), ` in malloc and free${context.choice.all ? "" : ` (${share(time, all.cost_ns)} of all)`}`,
		context.choice.restricted ? null : [", ", h("strong", null, share(saved, blocks)), " need not be on the heap"]);
}

// `focused` is the id of the row to have the focus, `still` keeps what is in sight.
function show(root, { focused = context.state.row, still = false } = {}) {
	const rows = sorted(sortOf(context.state));
	const at = focused === undefined ? 0 : Math.max(0, rows.indexOf(context.model.row(focused)));

	fill(root.querySelector(".above"), total());
	grid.element.hidden = rows.length === 0;
	fill(root.querySelector(".none"), rows.length > 0 ? null : nothing(context));
	grid.show(rows, sortOf(context.state), { at, still, of: context.model.whole ? rows.length : context.model.total });
	fill(root.querySelector(".on-paper"), rows.length > PRINTED ? `The first ${PRINTED} of ${rows.length} sites.` : null);
	context.say(`${context.choice.all ? context.model.total : rows.length} of ${context.model.total} sites`);
}

export default {
	name: "sites",
	title: "Sites",
	key: "2",
	first: ({ sort, row }) => sort === undefined && row === undefined,
	async draw(root, given) {
		context = given;
		grid = table({
			columns: columns().map((column) => column.key !== "function" ? column : { ...column,
				cell: (row) => h("a", { href: link(row), tabindex: -1 }, column.cell(row)) }),
			label: "Sites",
			onsort: ({ key, down }) => state.set({ sort: `${key} ${down ? "down" : "up"}`, row: null }, { replace: true }),
			onopen: (row) => {
				// back leads to the row that was left
				state.set({ row: context.model.id(row) }, { replace: true });
				state.set({ view: "site", id: context.model.id(row) });
			},
		});
		root.classList.add("tall");
		add(root, h("h2", { class: "hide" }, "Sites"), h("div", { class: "above" }), grid.element, h("div", { class: "none" }), h("p", { class: "on-paper" }));
	},
	drawn(root) {
		show(root);
		if (context.state.row !== undefined) // back from what was opened
			grid.element.focus({ preventScroll: true });
	},
	async update(root, given) {
		// a live run has grown: whoever reads keeps his place
		const still = given.model !== context.model && given.run === context.run;
		const row = grid.current();
		const focused = still && row !== undefined ? context.model.id(row) : given.state.row;

		context = given;
		show(root, { focused, still });
	},
	leave() {
		grid = null;
	},
};
