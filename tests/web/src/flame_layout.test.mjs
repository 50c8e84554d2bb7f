// Where frames stand, what is found there, and where the keyboard leads.
import assert from "node:assert/strict";
import { test } from "node:test";
import { changeOf, shorten, stepOf, STEPS } from "../../../web/src/flame/draw.js";
import { outwards, step } from "../../../web/src/flame/keys.js";
import { firstBehind, heaviestPath, keyOf, layOut, levelOf, nodeAt, nodeOf } from "../../../web/src/flame/layout.js";
import { invert, merge } from "../../../web/src/flame/tree.js";
import { randomTree, verdictsOf } from "./random_tree.mjs";

const build = (options) => {
	const doc = randomTree(options);

	return merge([{ doc, weights: doc.paths.bytes, verdicts: verdictsOf(doc) }]);
};
const TREES = [...Array.from({ length: 12 }, (_, seed) => build({ seed, deep: seed / 12 })),
	build({ seed: 50, nodes: 1500, paths: 700, functions: 50 }), build({ seed: 51, nodes: 1, paths: 1 }),
	invert(build({ seed: 52, nodes: 900, paths: 400 }))];
const near = (a, b, whole) => assert.ok(Math.abs(a - b) <= 1e-9 * whole, `${a} is not ${b}`);

// A node as the names on the way to it.
function wayTo({ parent, fn, functions }, node, modules = true) {
	const made = [];

	for (; node > 0; node = parent[node])
		made.unshift(functions.name[fn[node]] + (modules ? ` ${functions.module[fn[node]]}` : ""));
	return JSON.stringify(made);
}

test("children stand inside of their parent, side by side, the heaviest first", () => {
	for (const tree of TREES) {
		const laid = layOut(tree);
		const whole = laid.width[0];

		assert.equal(laid.count, tree.count);
		for (let node = 0; node < laid.count; node++) {
			let x = laid.start[node];

			for (let child = laid.child[node]; child < laid.child[node + 1]; child++) {
				assert.equal(laid.parent[child], node);
				near(laid.start[child], x, whole);
				x = laid.start[child] + laid.width[child];
				assert.ok(child === laid.child[node] || laid.width[child] <= laid.width[child - 1]);
			}
			assert.ok(x <= laid.start[node] + laid.width[node] + 1e-9 * whole);
		}
	}
});

test("levels hold all nodes by depth, from left to right, and none overlaps", () => {
	for (const tree of TREES) {
		const laid = layOut(tree);
		const depth = new Int32Array(laid.count);

		assert.equal(laid.levels[0], 0);
		assert.equal(laid.levels.at(-1), laid.count);
		for (let node = 1; node < laid.count; node++)
			depth[node] = depth[laid.parent[node]] + 1;
		for (let level = 0; level + 1 < laid.levels.length; level++) {
			for (let node = laid.levels[level]; node < laid.levels[level + 1]; node++) {
				assert.equal(depth[node], level);
				assert.equal(levelOf(laid, node), level);
				if (node > laid.levels[level])
					assert.ok(laid.start[node] >= laid.start[node - 1] + laid.width[node - 1] - 1e-9 * laid.width[0]);
			}
		}
	}
});

test("it is the same tree", () => {
	for (const tree of TREES) {
		const laid = layOut(tree);
		const of = (one) => Array.from({ length: one.count }, (_, node) =>
			[wayTo(one, node), one.total[node], one.self[node], one.verdict[node], one.frame[node]]).sort();
		const leaves = (one) => Array.from({ length: one.leaves.count }, (_, at) =>
			[wayTo(one, one.leaves.node[at]), one.leaves.value[at], one.leaves.path[at]]).sort();

		assert.deepEqual(of(laid), of(tree));
		assert.deepEqual(leaves(laid), leaves(tree));
	}
});

test("what is at a point is what looking at each node finds", () => {
	for (const tree of TREES) {
		const laid = layOut(tree);

		for (let level = -1; level < laid.levels.length; level++) {
			for (let part = 0; part < 20; part++) {
				const x = laid.width[0] * (part + 0.37) / 20;
				let wanted = -1;

				for (let node = laid.levels[level] ?? 0; node < (laid.levels[level + 1] ?? 0); node++)
					if (laid.start[node] <= x && x < laid.start[node] + laid.width[node])
						wanted = node;
				assert.equal(nodeAt(laid, level, x), wanted);
			}
		}
		assert.equal(firstBehind(laid, 0, 1, laid.width[0] * 2), 1);
		// where one ends the next begins
		for (let node = 0; node < laid.count; node++)
			if (laid.width[node] > 0)
				assert.equal(nodeAt(laid, levelOf(laid, node), laid.start[node]), node);
	}
});

test("a key names a node, in another layout of the same functions too", () => {
	for (const tree of TREES) {
		const laid = layOut(tree);
		const keys = new Set();

		for (let node = 0; node < laid.count; node++) {
			keys.add(keyOf(laid, node));
			if (node % 7 === 0)
				assert.equal(wayTo(laid, nodeOf(laid, keyOf(laid, node)), false), wayTo(laid, node, false));
		}
		assert.equal(keys.size, new Set(Array.from({ length: laid.count }, (_, node) =>
			wayTo(laid, node, false))).size);
		assert.equal(nodeOf(laid, "0123456789abcdef"), -1);
		assert.equal(nodeOf(laid, "<img>"), -1);
	}
	const doc = randomTree({ seed: 60 });
	const [bytes, blocks] = ["bytes", "blocks"].map((metric) =>
		layOut(merge([{ doc, weights: doc.paths[metric], verdicts: verdictsOf(doc) }])));

	for (let node = 1; node < bytes.count; node++)
		assert.ok(nodeOf(blocks, keyOf(bytes, node)) > 0);
});

test("arrows move to parent, heaviest child and visible neighbours", () => {
	for (const tree of TREES) {
		const laid = layOut(tree);
		const least = laid.width[0] / 500;

		for (let node = 0; node < laid.count; node++) {
			const down = step(laid, node, "ArrowDown");
			const right = step(laid, node, "ArrowRight", { least });

			assert.equal(step(laid, node, "ArrowUp"), laid.parent[node]);
			assert.ok(down === node ? laid.child[node] === laid.child[node + 1] : laid.parent[down] === node);
			assert.equal(step(laid, node, "ArrowUp", { flip: true }), down);
			assert.equal(step(laid, node, "ArrowDown", { flip: true }), laid.parent[node]);
			assert.equal(levelOf(laid, right), levelOf(laid, node));
			assert.ok(right === node || (right > node && laid.width[right] >= least));
			assert.ok(step(laid, node, "ArrowLeft", { least }) <= node);
			assert.ok(node === 0 || outwards(laid, node) === 0 || laid.width[outwards(laid, node)] > laid.width[node]);
		}
		assert.equal(step(laid, 0, "x"), null);
		assert.equal(step(laid, laid.count - 1, "Home"), 0);
	}
});

test("the site below a frame that weighs most", () => {
	for (const tree of TREES.filter(({ count }) => count < 400)) {
		const laid = layOut(tree);

		for (let node = 0; node < laid.count; node += 5) {
			const way = JSON.parse(wayTo(laid, node));
			let most = 0;

			for (let at = 0; at < laid.leaves.count; at++)
				if (JSON.stringify(JSON.parse(wayTo(laid, laid.leaves.node[at])).slice(0, way.length)) === JSON.stringify(way))
					most = Math.max(most, laid.leaves.value[at]);
			const at = laid.leaves.path.indexOf(heaviestPath(laid, node));

			assert.equal(laid.leaves.value[at], most);
		}
	}
});

test("two runs: a width is the sum of both, or one's", () => {
	const docs = [70, 71].map((seed) => randomTree({ seed }));
	const tree = merge(docs.map((doc, at) => ({ doc, weights: doc.paths.blocks, verdicts: verdictsOf(doc), second: at === 1 })));

	for (const [wide, weight] of [["both", (laid, node) => laid.total[node] + laid.other[node]],
		["first", (laid, node) => laid.total[node]], ["second", (laid, node) => laid.other[node]]]) {
		const laid = layOut(tree, wide);

		for (let node = 0; node < laid.count; node++)
			assert.equal(laid.width[node], weight(laid, node));
	}
});

test("a change reads as a percentage, and has its place in the scale", () => {
	assert.deepEqual([[0, 5], [5, 0], [0, 0], [100, 150], [150, 100], [1000, 1001], [1, 1]].map(([a, b]) => changeOf(a, b)),
		["new", "gone", "", "+50%", "−33%", "+0.1%", "±0%"]);
	assert.deepEqual([stepOf(0, 9), stepOf(9, 0), stepOf(5, 5), stepOf(0, 0)], [STEPS, 0, STEPS / 2, STEPS / 2]);
	assert.ok(stepOf(10, 11) > STEPS / 2 - 1 && stepOf(10, 20) > stepOf(10, 12));
});

test("a name that is too long loses what it is nested in, then its end", () => {
	assert.equal(shorten("std::vector::push_back", 30), "std::vector::push_back");
	assert.equal(shorten("std::vector::push_back", 20), "…vector::push_back");
	assert.equal(shorten("std::vector::push_back", 10), "…push_back");
	assert.equal(shorten("main", 3), "ma…");
	for (let most = 0; most < 30; most++)
		assert.ok(shorten("a::b<c::d>::operator()", most).length <= Math.max(1, most));
});
