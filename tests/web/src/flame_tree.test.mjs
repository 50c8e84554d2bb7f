// The merged trees against a slow and obvious one, on random documents.
import assert from "node:assert/strict";
import { test } from "node:test";
import { around, functionSums, functionsOf, invert, matchedWeight, matches, merge, placeOf } from "../../../web/src/flame/tree.js";
import { randomTree, verdictsOf } from "./random_tree.mjs";

const DOCUMENTS = [
	...Array.from({ length: 15 }, (_, seed) => ({ seed, deep: seed / 15 })),
	{ seed: 90, nodes: 1, paths: 3 },
	{ seed: 91, nodes: 900, paths: 200, functions: 60 },
	{ seed: 92, nodes: 300, paths: 60, functions: 2, deep: 0.9 }, // recursion
].map(randomTree);

// The function of a frame as text: what must not be told apart is the same.
const called = (doc, frame) => `${doc.names[doc.frames.name[frame]]} ${doc.modules[doc.frames.module[frame]]}`;

// A path's functions, the outermost first, without the wrappers that allocate for the site.
function stackOf(doc, path) {
	const made = [];

	for (let node = doc.paths.node[path]; node > 0; node = doc.nodes.parent[node])
		made.unshift(doc.nodes.frame[node]);
	const end = made.findLastIndex((frame) => !doc.frames.wrapper[frame]);

	return (end < 0 ? made : made.slice(0, end + 1)).map((frame) => called(doc, frame));
}

// Weights of all beginnings of the stacks: {total, self, verdicts} by the stack as text.
function naive(stacks) {
	const made = new Map();

	for (const { stack, weight, verdict } of stacks) {
		for (let depth = 0; depth <= stack.length; depth++) {
			const key = JSON.stringify(stack.slice(0, depth));
			const one = made.get(key) ?? { total: 0, self: 0, verdicts: new Array(10).fill(0) };

			one.total += weight;
			one.self += depth === stack.length ? weight : 0;
			one.verdicts[verdict] += weight;
			made.set(key, one);
		}
	}
	return made;
}

function stacksOf(doc, weights) {
	const verdicts = verdictsOf(doc);

	return [...weights].map((weight, path) => ({ stack: stackOf(doc, path), weight, verdict: verdicts[path] }))
		.filter(({ weight }) => weight > 0);
}

const nameOf = ({ functions, fn }, node) => `${functions.name[fn[node]]} ${functions.module[fn[node]]}`;

function compare(tree, stacks) {
	const wanted = naive(stacks.length > 0 ? stacks : [{ stack: [], weight: 0, verdict: 0 }]);
	const keys = [[]];

	assert.equal(tree.count, wanted.size);
	for (let node = 0; node < tree.count; node++) {
		if (node > 0) {
			assert.ok(tree.parent[node] < node);
			keys.push([...keys[tree.parent[node]], nameOf(tree, node)]);
		}
		const one = wanted.get(JSON.stringify(keys[node]));

		assert.ok(one, `no stack begins ${keys[node]}`);
		assert.equal(tree.total[node], one.total);
		assert.equal(tree.self[node], one.self);
		if (one.total > 0)
			assert.equal(tree.verdict[node], one.verdicts.indexOf(Math.max(...one.verdicts)));
	}
}

const build = (doc, metric = "blocks") => merge([{ doc, weights: doc.paths[metric], verdicts: verdictsOf(doc) }]);

test("functions are told apart by name and module", () => {
	for (const doc of DOCUMENTS) {
		const { of, name, module } = functionsOf(doc);

		of.forEach((fn, frame) => assert.equal(`${name[fn]} ${module[fn]}`, called(doc, frame)));
		assert.equal(new Set(name.map((one, fn) => `${one} ${module[fn]}`)).size, name.length);
	}
});

test("a tree is the naive one, of whatever weights", () => {
	for (const doc of DOCUMENTS)
		for (const metric of ["bytes", "live"])
			compare(build(doc, metric), stacksOf(doc, doc.paths[metric]));
});

test("only what is chosen is in it", () => {
	for (const doc of DOCUMENTS) {
		const weights = doc.paths.blocks.map((value, path) => doc.paths.site[path] % 3 === 1 ? value / 2 : 0);

		compare(merge([{ doc, weights, verdicts: verdictsOf(doc) }]), stacksOf(doc, weights));
	}
});

test("inverted, it is the naive one of turned stacks", () => {
	for (const doc of DOCUMENTS)
		compare(invert(build(doc)), stacksOf(doc, doc.paths.blocks)
			.map((one) => ({ ...one, stack: one.stack.reverse() })));
});

test("inverted with limits, the light paths end early, are counted, and no weight is lost", () => {
	for (const doc of DOCUMENTS) {
		const tree = build(doc);
		const whole = invert(tree);

		for (const limits of [{ least: 0.01 }, { most: 40 }]) {
			const cut = invert(tree, limits);

			assert.ok(cut.count <= (limits.most ?? whole.count));
			assert.equal(cut.total[0], tree.total[0]);
			assert.equal(cut.cut === 0, cut.count === whole.count);
			if (limits.least)
				for (let node = 1; node < cut.count; node++)
					assert.ok(cut.parent[node] === 0 || cut.total[cut.parent[node]] >= 0.01 * cut.total[0]);
		}
	}
});

test("by group, a node more above each", () => {
	for (const doc of DOCUMENTS) {
		const halves = [0, 1].map((part) => doc.paths.blocks.map((value) =>
			part === 0 ? Math.floor(value / 2) : Math.ceil(value / 2)));
		const tree = merge(halves.map((weights, part) => ({
			doc, weights, verdicts: verdictsOf(doc), group: `thread ${part}`,
		})));
		const stacks = halves.map((weights, part) => stacksOf(doc, weights)
			.map((one) => ({ ...one, stack: [`thread ${part} `, ...one.stack] })));
		const turned = stacks.flat().map((one) => ({ ...one, stack: [one.stack[0], ...one.stack.slice(1).reverse()] }));

		assert.deepEqual([tree.total[0], invert(tree).total[0]], [build(doc).total[0], build(doc).total[0]]);
		if (stacks[0].length > 0) {
			compare(tree, stacks.flat());
			compare(invert(tree), turned);
		}
	}
});

test("two runs: each node has the weight of both, also inverted", () => {
	for (let seed = 0; seed < 10; seed++) {
		const docs = [randomTree({ seed, deep: 0.8 }), randomTree({ seed: seed + 1, deep: 0.8 })];

		docs[1].modules = ["/elsewhere/liba.so", "/opt/app"]; // the same files, installed elsewhere
		docs[1].names.reverse();
		const both = merge(docs.map((doc, at) => ({
			doc, weights: doc.paths.bytes, verdicts: verdictsOf(doc), second: at === 1,
		})));
		const plain = docs.map((doc) => stacksOf({ ...doc, modules: ["liba.so", "app"] }, doc.paths.bytes));

		for (const [tree, turn] of [[both, (one) => one],
			[invert(both), (one) => ({ ...one, stack: [...one.stack].reverse() })]]) {
			const wanted = plain.map((stacks) => naive(stacks.map(turn)));
			const keys = [[]];

			assert.equal(tree.count, new Set(wanted.flatMap((one) => [...one.keys()])).size);
			for (let node = 0; node < tree.count; node++) {
				if (node > 0) {
					keys.push([...keys[tree.parent[node]],
						nameOf(tree, node).replace(/ .*\//, " ")]);
				}
				const key = JSON.stringify(keys[node]);

				assert.equal(tree.total[node], wanted[0].get(key)?.total ?? 0);
				assert.equal(tree.other[node], wanted[1].get(key)?.total ?? 0);
			}
		}
	}
});

test("of the second run's frames the place is the second run's", () => {
	const docs = [3, 4].map((seed) => randomTree({ seed }));

	docs[1].files = ["c.c", "d.c"];
	docs[1].names = docs[1].names.map((name) => `other ${name}`);
	const tree = merge(docs.map((doc, at) => ({ doc, weights: doc.paths.blocks, verdicts: verdictsOf(doc), second: at === 1 })));

	for (let node = 1; node < tree.count; node++) {
		const isOther = tree.functions.name[tree.fn[node]].startsWith("other");

		assert.match(placeOf(tree, node).file, isOther ? /^[cd]\.c$/ : /^[ab]\.c$/);
	}
});

test("callers and callees of a function are those of the paths it is on, each once", () => {
	for (const doc of DOCUMENTS) {
		const tree = build(doc);
		const stacks = stacksOf(doc, doc.paths.blocks);

		for (let fn = 0; fn < tree.functions.name.length; fn += 3) {
			const title = `${tree.functions.name[fn]} ${tree.functions.module[fn]}`;
			const on = stacks.filter(({ stack }) => stack.includes(title));
			const { callers, callees } = around(tree, fn);

			compare(callees, on.map((one) => ({ ...one, stack: one.stack.slice(one.stack.indexOf(title)) })));
			compare(callers, on.map((one) => ({ ...one,
				stack: one.stack.slice(0, one.stack.indexOf(title) + 1).reverse() })));
		}
	}
});

test("sums of functions: self, and total once a path", () => {
	for (const doc of DOCUMENTS) {
		const tree = build(doc);
		const stacks = stacksOf(doc, doc.paths.blocks);
		const { self, total } = functionSums(tree);

		tree.functions.name.forEach((name, fn) => {
			const title = `${name} ${tree.functions.module[fn]}`;
			const sum = (test_) => stacks.filter(test_).reduce((all, { weight }) => all + weight, 0);

			assert.equal(total[fn], sum(({ stack }) => stack.includes(title)));
			assert.equal(self[fn], sum(({ stack }) => stack.at(-1) === title));
		});
	}
});

test("a search finds functions, and the share of paths that they are on", () => {
	for (const doc of DOCUMENTS) {
		const tree = build(doc);
		const stacks = stacksOf(doc, doc.paths.blocks);

		for (const [text, test_] of [["F1", (name) => name.includes("f1")], ["/^f[27]$/", (name) => /^f[27]$/.test(name)],
			["/(/", () => false]]) {
			const found = matches(tree.functions, text);
			const wanted = stacks.filter(({ stack }) => stack.some((one) => test_(one.split(" ")[0])))
				.reduce((all, { weight }) => all + weight, 0);

			assert.equal(matchedWeight(tree, found), wanted);
			assert.equal(matchedWeight(invert(tree), found), wanted);
		}
		assert.equal(matches(tree.functions, ""), null);
	}
});

test("stacks of 16384 frames, and 300,000 nodes", () => {
	const deep = randomTree({ seed: 7, nodes: 16385, paths: 500, deep: 1, functions: 5 });
	const wide = randomTree({ seed: 8, nodes: 300000, paths: 100000, deep: 0.9, functions: 3000, sites: 50000 });

	for (const doc of [deep, wide]) {
		const tree = build(doc);
		const all = doc.paths.blocks.reduce((sum, one) => sum + one, 0);

		assert.equal(tree.total[0], all);
		assert.equal(invert(tree, { least: 1 / 16384 }).total[0], all);
		assert.equal(functionSums(tree).self.reduce((sum, one) => sum + one, 0) + tree.self[0], all);
	}
});
