// What views work out before they draw.
import assert from "node:assert/strict";
import test from "node:test";

import { notes } from "../../../web/src/banner.js";
import { pathsOf } from "../../../web/src/chips.js";
import { untab } from "../../../web/src/code.js";
import { bars } from "../../../web/src/histogram.js";
import { ownFrames } from "../../../web/src/parts.js";
import { matrix } from "../../../web/src/views/threads.js";

const sum = (list) => list.reduce((all, one) => all + one, 0);

test("bars hold every block once", () => {
	const values = Array.from({ length: 300 }, (_, at) => ({ value: at < 20 ? 2 ** at : at * at * 37, blocks: 1 + at % 7 }));
	const want = sum(values.map(({ blocks }) => blocks));

	for (const base of [2, 4]) {
		const found = bars(values, base);

		assert.equal(sum(found.map(({ blocks }) => blocks)), want);
		found.forEach((bar, at) => {
			assert.equal(bar.to, bar.from * base);
			if (at > 0)
				assert.equal(found[at - 1].to, bar.from);
			const inside = values.filter(({ value }) => value < bar.to && (value >= bar.from || bar.from === 1));

			assert.equal(bar.blocks, sum(inside.map(({ blocks }) => blocks)));
		});
	}
	assert.deepEqual(bars([{ value: 16, blocks: 2 }, { value: 8, blocks: 1 }], 2),
		[{ from: 8, to: 8, blocks: 1 }, { from: 16, to: 16, blocks: 2 }]);
	assert.deepEqual(bars([], 4), []);
});

test("a matrix of threads loses no block", () => {
	const pairs = [];

	for (let from = 1; from <= 100; from++)
		for (let to = 1; to <= 100; to += from)
			pairs.push({ allocating: from, freeing: to, blocks: from * to });
	const { rows, columns, blocks } = matrix(pairs, 24);

	for (const { threads, others } of [rows, columns]) {
		assert.equal(threads.length, 24);
		assert.equal(threads.at(-1), null);
		assert.equal(others, 77);
	}
	assert.ok(!columns.threads.includes(2)); // few of its blocks are freed by it
	assert.equal(sum(blocks.map((row) => sum([...row]))), sum(pairs.map((pair) => pair.blocks)));
	const few = matrix([{ allocating: 2, freeing: 1, blocks: 5 }, { allocating: 1, freeing: 1, blocks: 3 }]);

	assert.deepEqual(few.rows.threads, [1, 2]);
	assert.deepEqual(few.columns.threads, [1]);
	assert.deepEqual(few.blocks.map((row) => [...row]), [[3], [5]]);
	assert.equal(few.rows.others, 0);
});

test("what is not whole is said", () => {
	const whole = { mode: "full", complete: true, running: false, lost: 0, unknown: 0, damaged: 0, missing: 0, cut: 0, broken: 0 };
	const kinds = (run, more) => notes({ ...whole, ...run }, more).map(([kind, text]) => `${kind} ${text}`);

	assert.deepEqual(kinds({}), []);
	for (const [run, pattern, said = 1] of [
		[{ lost: 3, lost_why: "no room" }, /^bad Lost: 3 events \(no room\);/], [{ running: true, complete: false, duration_ns: 5e9 }, /^live .* first 5\.00 s/],
		[{ complete: false }, /^bad The trace was not closed/], [{ damaged: 1 }, /^bad Damaged and left out: 1 part of/], [{ missing: 1 }, /^bad Missing: 1 piece of the trace\.$/],
		[{ mode: "sampled", sample_interval: 4096 }, /^note Estimates: one block every 4\.00 KiB/],
		[{ mode: "auto", whole: false, whole_ns: 1e6, interval_low: 512, interval_high: 8192 }, /first 1\.00 ms, then one block every 512 B to 8\.00 KiB/],
		[{ mode: "auto", whole: false, runs: 2, sampled_runs: 2, whole_ns: 1e6, interval_low: 512, interval_high: 512 },
			/for 1\.00 ms, else one block every 512 B\.$/],
		[{ mode: "auto", whole: false, runs: 7, sampled_runs: 2, interval_low: 512, interval_high: 8192 },
			/2 of 7 traces are sampled, one block every 512 B to 8\.00 KiB; the others are complete/],
		[{ mode: "sampled", whole: false, sample_interval: 1, runs: 2, sampled_runs: 1, interval_low: 4096, interval_high: 4096 },
			/1 of 2 traces is sampled, one block every 4\.00 KiB; /],
		[{ lost: 1 }, /^bad Lost: 1 event;/], [{ pauses: 1, paused_ns: 1e6, passed: 1 }, /: 1 allocation of then/],
		[{ unknown: 5, recorded: 100 }, /^note Not decided: 5 blocks \(5\.0% of those recorded\)\.$/], [{ unknown: 1, recorded: 2 }, /: 1 block \(/],
		[{ mode: "auto", whole: false, marks: "marked", unknown: 5, recorded: 100 }, /recorded\)\.$/, 2],
		[{ mode: "auto", whole: false, marks: "", unknown: 5, recorded: 100 }, /recorded\); esc record --exact decides/, 2],
		[{ cut: 1 }, /depth limit: 1 stack\.$/], [{ broken: 1 }, /unwind tables: 1 stack\.$/],
	]) {
		assert.equal(kinds(run).length, said, JSON.stringify(run));
		assert.match(kinds(run)[said - 1], pattern);
	}
	assert.deepEqual(kinds({ mode: "auto", whole: true }), []);
	assert.match(kinds({}, { error: "no space" })[0], /^bad The last look/);
	assert.equal(kinds({}, { left_out: ["a", "b"] }).length, 2);
});

test("tabs stand where they stood", () => {
	assert.equal(untab("\tx\ty"), "        x       y");
	assert.equal(untab("1234567\tx"), "1234567 x");
	assert.equal(untab("a  "), "a  ");
	assert.equal(untab(""), "");
});

test("a stack begins at the program's own code and ends before start-up code", () => {
	const frames = (letters) => [...letters].map((letter) => ({ wrapper: letter === "w" || letter === "x", startup: letter === "s" || letter === "x" }));

	assert.deepEqual(ownFrames(frames("wwppps")), [2, 5]);
	assert.deepEqual(ownFrames(frames("pwpsx")), [0, 3]);
	assert.deepEqual(ownFrames(frames("psp")), [0, 3]);
	assert.deepEqual(ownFrames(frames("wxx")), [0, 3]);
	assert.deepEqual(ownFrames([]), [0, 0]);
});

test("paths to choose from are those of most sites, and told apart", () => {
	const text = ["/a/x.c", "", "/b/x.c", "/b/z.c", "/b/y.c"];

	assert.deepEqual(pathsOf({ text, at: [0, 1, 2, 3, 0, 4, 4] }),
		[["/a/x.c", "a/x.c"], ["/b/x.c", "b/x.c"], ["/b/y.c", "y.c"], ["/b/z.c", "z.c"]]);
	assert.deepEqual(pathsOf({ text, at: [0, 1, 2, 3, 0, 4, 4] }, 2), [["/a/x.c", "x.c"], ["/b/y.c", "y.c"]]);
});
