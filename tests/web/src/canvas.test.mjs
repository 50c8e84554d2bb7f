// What the time line, the heat map and the comparison work out before they paint.
import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, parseFilter } from "../../../web/src/filter.js";
import { byThread } from "../../../web/src/flame/weights.js";
import { boxOf, gridOf, livesOf } from "../../../web/src/heatgrid.js";
import { model as makeModel } from "../../../web/src/model.js";
import { between, chosenBlocks, rounded, slicesIn, slicesOf, steps } from "../../../web/src/slices.js";
import { stepOf, between as ticks } from "../../../web/src/ticks.js";
import { changesOf } from "../../../web/src/views/compare.js";
import { random, randomTree } from "./random_tree.mjs";

const sum = (list) => Array.from(list).reduce((all, one) => all + one, 0);
const near = (a, b) => assert.ok(Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b)), `${a} is not ${b}`);

// Cells of a tree's paths: each path's blocks over some slices and threads.
function cellsOf(doc, { slices = 16, threads = [1, 2, 7] } = {}) {
	const next = random(5);
	const made = { schema: "esc-cells/1", slice_ns: 1000, slices, threads,
		cells: { path: [], thread: [], slice: [], blocks: [], bytes: [], cost_ns: [] } };

	doc.paths.blocks.forEach((blocks, path) => {
		let left = blocks;

		while (left > 0) {
			const part = Math.max(1, Math.floor(left * next()));

			made.cells.path.push(path);
			made.cells.thread.push(Math.floor(next() * threads.length));
			made.cells.slice.push(Math.floor(next() * slices));
			made.cells.blocks.push(part);
			made.cells.bytes.push(doc.paths.bytes[path] * part / blocks);
			made.cells.cost_ns.push(doc.paths.cost_ns[path] * part / blocks);
			left -= part;
		}
	});
	return made;
}

function modelOf(doc) {
	const ids = [...new Set(doc.paths.site)];

	return makeModel({ run: {}, sites: { count: ids.length, columns: {
		id: ids, verdict: { text: ["stack", "heap"], at: ids.map((id) => id % 2) },
		module: { text: ["m"], at: ids.map(() => 0) },
		"blocks.estimated": ids.map((id) => sum(doc.paths.blocks.filter((_, path) => doc.paths.site[path] === id))),
		"bytes.estimated": ids.map(() => 1), "cost_ns.total": ids.map(() => 1),
	} } });
}

const doc = randomTree({ seed: 11, paths: 120 });
const cells = cellsOf(doc);
const model = modelOf(doc);
const chosenBy = (where) => choose(model, parseFilter(where), { tree: doc, cells });

test("by thread, no weight is lost or made, and each thread has its cells' part", () => {
	for (const where of [{}, { verdict: "stack" }, { from: "3000", to: "9000" }, { thread: "2" }]) {
		for (const metric of ["blocks", "bytes", "cost_ns"]) {
			const weights = chosenBy(where).paths(doc, metric);
			const parts = byThread(doc, cells, { weights, metric, filter: parseFilter(where) });

			weights.forEach((weight, path) => near(sum(parts.map((part) => part.weights[path])), weight));
			assert.ok(parts.every(({ thread }) => where.thread ? thread === 2 : cells.threads.includes(thread)));
			for (const { thread, weights: own } of parts) {
				const inside = (at) => (!where.from || (cells.cells.slice[at] >= 3 && cells.cells.slice[at] < 9)) &&
					cells.threads[cells.cells.thread[at]] === thread;
				const want = sum(cells.cells.path.map((path, at) => inside(at) && weights[path] > 0 ? cells.cells[metric][at] : 0));

				near(sum(own), want);
			}
		}
	}
});

test("paths that no cell knows of are not hidden", () => {
	const none = { ...cells, cells: { path: [], thread: [], slice: [], blocks: [], bytes: [], cost_ns: [] } };
	const weights = Float64Array.from(doc.paths.blocks);
	const parts = byThread(doc, none, { weights, metric: "blocks", filter: parseFilter({}) });

	assert.deepEqual(parts.map(({ thread, sum: all }) => [thread, all]), [[null, sum(weights)]]);
});

test("blocks of the chosen sites by slice are the cells'", () => {
	for (const where of [{}, { verdict: "heap" }, { thread: "7" }]) {
		const found = chosenBlocks(cells, doc, model, chosenBy(where));
		const want = new Float64Array(cells.slices);

		cells.cells.path.forEach((path, at) => {
			const isHeap = doc.paths.site[path] % 2 === 1;

			if ((!where.verdict || isHeap) && (!where.thread || cells.threads[cells.cells.thread[at]] === 7))
				want[cells.cells.slice[at]] += cells.cells.blocks[at];
		});
		assert.deepEqual([...found], [...want]);
	}
});

test("a range is whole slices within the run, in either direction, also as a URL has it", () => {
	const next = random(3);

	for (let turn = 0; turn < 2000; turn++) {
		const grid = { slice_ns: 1000 + next() * 1000, from_ns: turn % 3 === 0 ? next() * 5000 : 0 };
		const whole = grid.from_ns + grid.slice_ns * 10.5;
		const [from, to] = [0, 1].map(() => grid.from_ns + next() * (whole - grid.from_ns));
		const range = rounded(grid, from, to, whole);
		const at = (time) => (time - grid.from_ns) / grid.slice_ns;

		assert.deepEqual(range, rounded(grid, to, from, whole));
		for (const time of [range.from, range.to])
			near(at(time), Math.round(at(time)));
		assert.ok(range.to > range.from && at(range.from) >= 0 && at(range.to) <= 11.001);
		assert.ok(range.from <= Math.min(from, to) + 1 && range.to >= Math.max(from, to) - 1);
		// what is drawn is what is added up
		assert.deepEqual(slicesIn(grid, { from: Math.round(range.from), to: Math.round(range.to) }),
			{ first: Math.round(at(range.from)), end: Math.round(at(range.to)) });
		const again = rounded(grid, Math.round(range.from), Math.round(range.to), whole);

		near(again.from, range.from);
		near(again.to, range.to);
	}
	assert.deepEqual(rounded({ slice_ns: 1000 }, 5000, 5000, 10000), { from: 5000, to: 6000 });
	assert.deepEqual(slicesIn({ slice_ns: 1000 }, { from: null, to: null }), { first: 0, end: Infinity });
});

test("slices begin where the one before ends, and sums between times add up", () => {
	const slices = slicesOf([{ at_ns: 500, live_bytes: 10, allocations: 50, frees: 1 },
		{ at_ns: 1500, live_bytes: 30, allocations: 20, frees: 2 }, { at_ns: 2000, live_bytes: 20, allocations: 4, frees: 3 }]);

	assert.deepEqual(slices.map(({ from, to, rate }) => [from, to, rate]), [[0, 500, 1e8], [500, 1500, 2e7], [1500, 2000, 8e6]]);
	assert.deepEqual(between(slices, 0, 2000), { live: 30, allocations: 74, frees: 6 });
	assert.deepEqual(between(slices, 0, 500), { live: 10, allocations: 50, frees: 1 });
	assert.deepEqual(between(slices, 1000, 1750), { live: 30, allocations: 12, frees: 2.5 });
});

test("a heat map holds each block once, those that were never freed apart", () => {
	const next = random(8);
	const heat = { cells: { site: [], size: [], life: [], blocks: [], bytes: [] } };

	for (let at = 0; at < 400; at++) {
		heat.cells.site.push(1 + Math.floor(next() * 14)); // two of them nobody knows
		heat.cells.size.push(3 + Math.floor(next() * 12));
		heat.cells.life.push(next() < 0.2 ? [null, -1][at % 2] : 5 + Math.floor(next() * 25));
		heat.cells.blocks.push(1 + Math.floor(next() * 90));
		heat.cells.bytes.push(7);
	}
	const weight = (row) => row < 0 ? 0 : row % 3 === 0 ? 0.5 : 1;
	const grid = gridOf(heat, (id) => model.row(id), weight, "blocks");
	const shares = heat.cells.site.map((id) => weight(model.row(id)));
	let all = 0;

	assert.deepEqual(livesOf(grid).at(-1), -1);
	assert.equal(livesOf(grid).length, grid.columns);
	for (let size = grid.size[0]; size <= grid.size[1]; size++) {
		for (const life of livesOf(grid)) {
			const want = sum(heat.cells.blocks.map((blocks, at) => heat.cells.size[at] === size &&
				(heat.cells.life[at] ?? -1) === life ? blocks * shares[at] : 0));

			near(grid.value(size, life), want);
			all += want;
			assert.ok(want <= grid.most);
		}
	}
	near(grid.sum, all);
	near(all, sum(heat.cells.blocks.map((blocks, at) => blocks * shares[at])));
	assert.equal(grid.value(grid.heaviest.size, grid.heaviest.life), grid.most);
	assert.equal(gridOf(heat, () => -1, weight, "blocks"), null);
});

test("a box is the same from either corner, and reads as the filter has it", () => {
	assert.deepEqual(boxOf({ size: 9, life: 3 }, { size: 4, life: 20 }), { size: [4, 9], life: [3, 20] });
	assert.deepEqual(boxOf({ size: 4, life: 20 }, { size: 9, life: 3 }), { size: [4, 9], life: [3, 20] });
	assert.deepEqual(boxOf({ size: 4, life: -1 }, { size: 4, life: -1 }), { size: [4, 4], life: [-1, -1] });
});

test("an axis has round numbers, few enough", () => {
	for (const [whole, most, kind] of [[100, 4], [7, 3], [1.3e6, 5], [0.02, 4], [5e6, 4, "bytes"], [1024, 4, "bytes"],
		[3e9, 8, "time"], [900e9, 8, "time"], [5e14, 6, "time"], [2e5, 6, "time"]]) {
		const found = ticks(0, whole, most, kind);

		assert.ok(found.length >= 2 && found.length <= most + 2, `${whole} ${kind}: ${found}`);
		assert.ok(found[0] === 0 && found.at(-1) <= whole * 1.001);
	}
	assert.deepEqual([stepOf(100, 4), stepOf(1024, 4, "bytes"), stepOf(900e9, 8, "time")], [50, 256, 120e9]);
	assert.deepEqual(ticks(12, 31, 4), [15, 20, 25, 30]);
	assert.deepEqual(ticks(10e9, 14e9, 4, "time"), [10e9, 11e9, 12e9, 13e9, 14e9]);
	for (const [from, to] of [[0, 1], [1e9 + 7, 1e9 + 9], [3.3e14, 3.4e14]])
		for (const one of ticks(from, to, 5, "time"))
			assert.ok(one >= from * 0.999999 && one <= to * 1.000001, `${from} ${one} ${to}`);
});

test("lists in steps become columns over all their times", () => {
	const one = [{ from: 0, to: 4, value: 1 }, { from: 4, to: 6, value: 2 }];
	const other = [{ from: 2, to: 5, value: 7 }];

	assert.deepEqual(steps(one, other), [[0, 2, 4, 5, 6], [1, 1, 2, 2, 2], [null, 7, 7, 7, 7]]);
	assert.deepEqual(steps([], one), [[0, 4, 6], [null, null, null], [1, 2, 2]]);
	// a slice that takes no time is in nobody's way
	assert.deepEqual(steps([{ from: 0, to: 0, value: 9 }, { from: 0, to: 3, value: 1 }]), [[0, 3], [1, 1]]);
});

test("changes are read as columns and as rows", () => {
	const rows = [{ state: "new", function: "a", blocks_a: null, blocks_b: 3 }, { state: "gone", function: "b", blocks_a: 2, blocks_b: null }];
	const columns = { count: 2, columns: { state: { text: ["gone", "new"], at: [1, 0] }, function: { text: ["a", "b"], at: [0, 1] },
		blocks_a: [null, 2], blocks_b: [3, null] } };

	for (const changes of [rows, columns]) {
		const found = changesOf({ changes });

		assert.equal(found.count, 2);
		rows.forEach((row, at) => {
			for (const [key, value] of Object.entries(row))
				assert.equal(found.value(key, at), value);
			assert.equal(found.value("nothing", at), null);
		});
	}
});
