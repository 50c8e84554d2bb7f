// The choice of sites and blocks, against sums that a loop over plain rows makes.
import assert from "node:assert/strict";
import test from "node:test";

import { choose, formatHeat, needs, parseFilter, totals } from "../../../web/src/filter.js";
import { model } from "../../../web/src/model.js";
import { undecided, verdictsOf } from "../../../web/src/views/summary.js";

const COUNT = 200;
let seed = 1;
const some = (below) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
const rows = Array.from({ length: COUNT }, (_, at) => ({
	id: at + 1000, verdict: ["stack", "heap", "thread"][some(3)], module: ["/lib/a", "/lib/b"][some(2)],
	function: `function${some(20)}`, file: ["", "/src/x.c", "/src/Y.c"][some(3)], "owner.function": ["main", "work"][some(2)],
	"blocks.estimated": 0, "bytes.estimated": 0, "cost_ns.total": 0,
}));
const paths = Array.from({ length: 600 }, () => ({ row: some(COUNT), blocks: 0, bytes: 0, cost_ns: 0 }));
const cells = Array.from({ length: 5000 }, () => ({
	path: some(600), thread: some(3), process: some(2), phase: some(3), slice: some(16), blocks: 1 + some(9), bytes: 1 + some(999), cost_ns: 1 + some(99),
}));
const boxes = Array.from({ length: 3000 }, () => ({
	row: some(COUNT), size: some(12), life: some(8) === 0 ? null : some(30), blocks: 1 + some(9), bytes: 1 + some(99),
}));

for (const cell of cells) {
	const path = paths[cell.path];

	for (const [name, column] of [["blocks", "blocks.estimated"], ["bytes", "bytes.estimated"], ["cost_ns", "cost_ns.total"]]) {
		path[name] += cell[name];
		rows[path.row][column] += cell[name];
	}
}
const text = (name) => {
	const distinct = [...new Set(rows.map((row) => row[name]))];

	return { text: distinct, at: rows.map((row) => distinct.indexOf(row[name])) };
};
const made = model({ run: {}, sites: { count: COUNT, columns: {
	...Object.fromEntries(["verdict", "module", "function", "file", "owner.function"].map((name) => [name, text(name)])),
	...Object.fromEntries(["id", "blocks.estimated", "bytes.estimated", "cost_ns.total"].map((name) => [name, rows.map((row) => row[name])])),
	...Object.fromEntries([["blocks", "blocks.estimated"], ["bytes", "bytes.estimated"], ["cost_ns", "cost_ns.total"]]
		.map(([name, whole]) => [`saved.${name}`, rows.map((row) => row[whole] / 2)])),
} } });
const column = (list, name) => list.map((one) => one[name]);
const documents = {
	tree: { paths: { site: paths.map(({ row }) => rows[row].id), blocks: column(paths, "blocks"), bytes: column(paths, "bytes"),
		cost_ns: column(paths, "cost_ns"), live: column(paths, "blocks") } },
	cells: { slice_ns: 1000, slices: 16, threads: [1, 7, 0], processes: [40, 41], phases: ["", "load", "a/b*"], cells: Object.fromEntries(
		["path", "thread", "process", "phase", "slice", "blocks", "bytes", "cost_ns"].map((name) => [name, column(cells, name)])) },
	heat: { cells: { site: boxes.map(({ row }) => rows[row].id), ...Object.fromEntries(
		["size", "life", "blocks", "bytes"].map((name) => [name, column(boxes, name)])) } },
};
const chosen = (choice) => [...choice.sites.keys()].filter((row) => choice.sites[row]);

test("words choose sites", () => {
	const cases = [
		[{}, () => true],
		[{ verdict: "stack,thread" }, (row) => row.verdict !== "heap"],
		[{ module: "/lib/a" }, (row) => row.module === "/lib/a"],
		[{ file: "/src/Y.c", verdict: "heap" }, (row) => row.file === "/src/Y.c" && row.verdict === "heap"],
		[{ q: "FUNCTION1" }, (row) => row.function.includes("function1")],
		[{ q: "y.c" }, (row) => row.file === "/src/Y.c"],
		[{ q: "work" }, (row) => row["owner.function"] === "work"],
		[{ verdict: "nonsense" }, () => false],
	];

	for (const [state, passes] of cases) {
		const choice = choose(made, parseFilter(state));

		assert.deepEqual(chosen(choice), rows.map((row, at) => passes(row) ? at : -1).filter((at) => at >= 0));
		assert.equal(choice.count, chosen(choice).length);
		assert.equal(choice.restricted, false);
	}
});

test("time, thread, process and phase choose blocks", () => {
	for (const [state, passes] of [
		[{ thread: "7" }, (cell) => cell.thread === 1],
		[{ from: "3000", to: "8000" }, (cell) => cell.slice >= 3 && cell.slice < 8],
		[{ from: "3500", to: "3600" }, (cell) => cell.slice === 3],
		[{ to: "2000", thread: "0" }, (cell) => cell.slice < 2 && cell.thread === 2],
		[{ from: "15000" }, (cell) => cell.slice === 15],
		[{ process: "41" }, (cell) => cell.process === 1],
		[{ process: "42" }, () => false],
		[{ phase: "a/b*" }, (cell) => cell.phase === 2],
		[{ phase: "none like that" }, () => false],
		[{ nophase: "1" }, (cell) => cell.phase === 0],
		[{ nophase: "1", phase: "load" }, (cell) => cell.phase === 0],
		[{ process: "40", phase: "load", thread: "1", from: "2000" }, (cell) => cell.process === 0 && cell.phase === 1 &&
			cell.thread === 0 && cell.slice >= 2],
		[{ thread: "99" }, (cell) => cell.thread === 2], // one of those that are not told apart
	]) {
		const filter = parseFilter(state);
		const choice = choose(made, filter, documents);
		const want = new Float64Array(COUNT);
		const byPath = new Float64Array(paths.length);

		for (const cell of cells.filter(passes)) {
			want[paths[cell.path].row] += cell.bytes;
			byPath[cell.path] += cell.bytes;
		}
		assert.deepEqual(needs(filter), ["tree", "cells"]);
		assert.deepEqual([...choice.sums.bytes], [...want]);
		assert.deepEqual([...choice.paths(documents.tree, "bytes")], [...byPath]);
		assert.deepEqual(chosen(choice), [...want.keys()].filter((row) => want[row] > 0));
		assert.equal(choice.restricted, true);
		assert.equal(choice.blended, state.thread === "99");
		assert.equal(choice.slice, state.from || state.to ? 1000 : null);
	}
});

test("slices begin where the document says", () => {
	const late = { ...documents, cells: { ...documents.cells, from_ns: 500 } };
	const bytes = (state) => totals(choose(made, parseFilter(state), late)).bytes;
	const want = (passes) => cells.filter(passes).reduce((sum, cell) => sum + cell.bytes, 0);

	assert.equal(bytes({ from: "3500", to: "8500" }), want(({ slice }) => slice >= 3 && slice < 8));
	assert.equal(bytes({ from: "0", to: "500" }), 0);
	assert.equal(bytes({ to: "1500" }), want(({ slice }) => slice === 0));
});

test("all cells together are the sites' own sums", () => {
	const choice = choose(made, parseFilter({ from: "0" }), documents);

	assert.deepEqual([...choice.sums.cost_ns], [...made.numbers("cost_ns.total")]);
});

test("a box of the heat map", () => {
	const box = { size: [2, 5], life: [-1, -1] };
	const choice = choose(made, parseFilter({ heat: formatHeat(box) }), documents);
	const want = new Float64Array(COUNT);

	for (const { row, size, life, blocks } of boxes)
		if (size >= 2 && size <= 5 && life === null)
			want[row] += blocks;
	assert.deepEqual([...choice.sums.blocks], [...want]);
	assert.equal(choice.shared, true);
	const lived = choose(made, parseFilter({ heat: "0-11,0-40" }), documents);

	assert.equal(totals(lived).blocks, boxes.reduce((sum, one) => sum + (one.life === null ? 0 : one.blocks), 0));
	const row = want.findIndex((blocks) => blocks > 0);
	const all = boxes.filter((one) => one.row === row).reduce((sum, one) => sum + one.blocks, 0);

	assert.ok(Math.abs(choice.sums.cost_ns[row] - rows[row]["cost_ns.total"] * want[row] / all) < 1e-6);
	const weights = choice.paths(documents.tree, "cost_ns").reduce((sum, weight, at) => sum + (paths[at].row === row ? weight : 0), 0);

	assert.ok(Math.abs(weights - choice.sums.cost_ns[row]) < 1e-6);
});

test("a path weighs nothing where its site is not chosen", () => {
	const choice = choose(made, parseFilter({ verdict: "stack" }), documents);
	const weights = choice.paths(documents.tree, "live");

	paths.forEach((path, at) => assert.equal(weights[at], rows[path.row].verdict === "stack" ? path.blocks : 0));
});

test("a document that is not there is said", () => {
	const choice = choose(made, parseFilter({ thread: "1", heat: "0-3,1-2" }), { tree: documents.tree, cells: null, heat: null });

	assert.deepEqual(choice.missing, ["cells", "heat"]);
	assert.equal(choice.count, COUNT);
});

test("nonsense in a URL asks for nothing", () => {
	const filter = parseFilter({ thread: "x", from: "NaN", to: "", heat: "1-2", verdict: ",," });

	assert.deepEqual(filter, parseFilter({}));
});

test("totals are of what is chosen", () => {
	const choice = choose(made, parseFilter({ verdict: "heap" }));
	const all = rows.filter((row) => row.verdict === "heap");

	assert.deepEqual(totals(choice), { sites: all.length, blocks: all.reduce((sum, row) => sum + row["blocks.estimated"], 0),
		bytes: all.reduce((sum, row) => sum + row["bytes.estimated"], 0), cost_ns: all.reduce((sum, row) => sum + row["cost_ns.total"], 0) });
});

test("what is not decided is said where it is enough", () => {
	const of = (blocks, movable) => [{ verdict: "stack", blocks: 60, movable_blocks: 60 }, { verdict: "unknown", blocks, movable_blocks: movable }];

	assert.equal(undecided(of(40, 10), 100), ", 30% not decided");
	assert.equal(undecided(of(40, 40), 100), "");
	assert.equal(undecided(of(40, 0), 10000), "");
	assert.equal(undecided([], 0), "");
});

test("sums by verdict are those of what is chosen", () => {
	const info = { verdicts: [] };

	assert.equal(verdictsOf({ info, model: made, choice: choose(made, parseFilter({})) }), info.verdicts);
	const verdicts = verdictsOf({ info, model: made, choice: choose(made, parseFilter({ module: "/lib/a", thread: "1" }), documents) });

	for (const name of ["stack", "heap", "thread"]) {
		const inside = cells.filter((cell) => cell.thread === 0 && rows[paths[cell.path].row].verdict === name &&
			rows[paths[cell.path].row].module === "/lib/a");
		const found = verdicts.find(({ verdict }) => verdict === name);

		assert.equal(found.blocks, inside.reduce((sum, cell) => sum + cell.blocks, 0));
		assert.equal(found.sites, new Set(inside.map((cell) => paths[cell.path].row)).size);
		// `saved` of these rows is half of them
		assert.ok(Math.abs(found.movable_bytes - found.bytes / 2) < 1e-6);
	}
});
