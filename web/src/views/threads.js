// Which thread frees what another allocated, and what each thread did.
import { add, h } from "../dom.js";
import { empty, meter } from "../parts.js";
import * as state from "../state.js";
import { bytes, count, exact, share } from "../units.js";

const MOST = 20; // threads with a row of their own; the others share one
const STRONG = 0.55; // what is shown on the full hue

// The threads of one side of the matrix: those with most blocks, null for all others.
function side(pairs, key, most) {
	const weights = new Map();

	for (const pair of pairs)
		weights.set(pair[key], (weights.get(pair[key]) ?? 0) + pair.blocks);
	const order = [...weights].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([thread]) => thread);
	const own = (order.length > most ? order.slice(0, most - 1) : order).sort((a, b) => a - b);
	const places = new Map(own.map((thread, at) => [thread, at]));

	return {
		threads: order.length > own.length ? [...own, null] : own, others: order.length - own.length,
		place: (pair) => places.get(pair[key]) ?? own.length,
	};
}

// {rows, columns: {threads, others}, blocks: [row][column]}: threads that allocate and
// threads that free are often others, so each side has its own.
export function matrix(pairs, most = MOST) {
	const rows = side(pairs, "allocating", most);
	const columns = side(pairs, "freeing", most);
	const blocks = rows.threads.map(() => new Float64Array(columns.threads.length));

	for (const pair of pairs)
		blocks[rows.place(pair)][columns.place(pair)] += pair.blocks;
	return { rows, columns, blocks };
}

// Arrows move among the cells, of which one is in the order of Tab.
function walk(grid) {
	grid.addEventListener("keydown", (event) => {
		const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
		const cell = event.target.closest("td");

		if (!step || !cell)
			return;
		const next = grid.querySelector(`[data-at="${Number(cell.dataset.row) + step[0]},${Number(cell.dataset.column) + step[1]}"]`);

		event.preventDefault();
		if (!next)
			return;
		cell.tabIndex = -1;
		next.tabIndex = 0;
		next.focus();
	});
}

function grid({ rows, columns, blocks }, names) {
	const most = Math.max(...blocks.map((row) => Math.max(...row)));
	const title = (thread, others) => thread === null ? `${others} others` : names.get(thread) ?? String(thread);
	const strength = (value) => value > 0 ? Math.max(0.06, Math.log1p(value) / Math.log1p(most)) : 0;
	// Percent of the hue: none between, where no ink is readable on it.
	const shade = (strong) => strong > STRONG ? 92 + 8 * (strong - STRONG) / (1 - STRONG) : 80 * strong;
	const made = h("table", { class: "matrix", role: "grid", "aria-label": "Blocks by allocating thread (rows) and freeing thread (columns)" },
		h("thead", null, h("tr", { role: "row" }, h("td", { role: "gridcell" }, "allocates ↓ frees →"),
			columns.threads.map((thread) => h("th", { scope: "col", role: "columnheader" }, title(thread, columns.others))))),
		h("tbody", null, rows.threads.map((from, row) => h("tr", { role: "row" }, h("th", { scope: "row", role: "rowheader" },
			from === null ? title(from, rows.others) : h("a", { href: state.link({ view: "sites", thread: from }), tabindex: -1 }, title(from))),
		columns.threads.map((to, column) => {
			const value = blocks[row][column];

			return h("td", {
				role: "gridcell", tabindex: row === 0 && column === 0 ? 0 : -1,
				class: `${from === to && from !== null ? "same" : "other"}${strength(value) > STRONG ? " strong" : ""}`,
				style: { "--strength": `${Math.round(shade(strength(value)))}%` },
				dataset: { row, column, at: `${row},${column}`, value },
				title: `${exact(value)} blocks allocated by ${title(from, rows.others)}, freed by ${title(to, columns.others)}`,
			}, value > 0 ? count(value) : "");
		})))));

	walk(made);
	return made;
}

function threadTable(threads) {
	const most = Math.max(...threads.map((thread) => thread.allocations));

	return h("div", { class: "scroll" }, h("table", { class: "plain-table" },
		h("thead", null, h("tr", null, [["Thread"], ["Process", "n"], ["Task", "n"], ["Allocations", "n"], ["Frees", "n"], ["Bytes", "n"], ["Lost", "n"]]
			.map(([title, kind]) => h("th", { scope: "col", class: kind }, title)))),
		h("tbody", null, threads.slice(0, 500).map((thread) => h("tr", null,
			h("th", { scope: "row" }, h("a", { href: state.link({ view: "sites", thread: thread.number }) },
				`${thread.number}${thread.name ? ` ${thread.name}` : ""}`)),
			h("td", { class: "n" }, h("a", { href: state.link({ view: "sites", process: thread.pid }) }, String(thread.pid))), h("td", { class: "n" }, String(thread.tid)),
			h("td", { class: "n" }, meter(thread.allocations / most), h("span", { class: "beside-meter" }, count(thread.allocations))),
			h("td", { class: "n" }, count(thread.frees)), h("td", { class: "n" }, bytes(thread.bytes)),
			h("td", { class: "n" }, thread.lost > 0 ? count(thread.lost) : "–"))))),
	threads.length > 500 ? h("p", { class: "dim" }, `${count(threads.length - 500)} more`) : null);
}

function crossing(pairs) {
	let all = 0;
	let crossed = 0;

	for (const { allocating, freeing, blocks } of pairs) {
		all += blocks;
		crossed += allocating === freeing ? 0 : blocks;
	}
	return all === 0 ? "No block was freed while observed." : crossed === 0 ? "Each block was freed by the thread that allocated it."
		: `${share(crossed, all)} of the freed blocks (${count(crossed)}) were freed by another thread than the one that allocated them.`;
}

export default {
	name: "threads",
	title: "Threads",
	key: "9",
	ignores: () => true, // no report has pairs of threads by site
	async draw(root, { info, say }) {
		const { threads = [], pairs } = info;
		const names = new Map(threads.map((thread) => [thread.number, thread.name ? `${thread.number} ${thread.name}` : String(thread.number)]));

		add(root, h("h2", null, "Threads"), !pairs || pairs.length === 0
			? empty("Nothing was freed by a thread that is known.", "A program that is still starting, or a trace that was cut early.")
			: [h("p", { class: "prose" }, crossing(pairs),
				info.run.runs > 1 ? " Threads of one number, in several runs, are one here." : null),
				h("div", { class: "scroll part" }, grid(matrix(pairs), names))],
		threads.length > 0 ? h("section", { class: "part" }, h("h3", null, "What each did"), threadTable(threads)) : null);
		say(`${threads.length} threads`);
	},
};
