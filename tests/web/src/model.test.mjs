import assert from "node:assert/strict";
import test from "node:test";

import { model, order } from "../../../web/src/model.js";

const document = {
	schema: "esc-report/1", run: { pid: 1 },
	sites: { count: 3, columns: {
		id: [10, 20, 30], "blocks.estimated": [5, null, 7], "life_ns.p50": [null, 2, 1], proved: [true, false, null],
		verdict: { text: ["stack", "heap"], at: [1, 0, null] }, file: { text: ["", null, "/a.c"], at: [2, 9, -1] },
	} },
};

test("columns", () => {
	const made = model(document);

	assert.equal(made.count, 3);
	assert.deepEqual([...made.numbers("blocks.estimated")], [5, NaN, 7]);
	assert.deepEqual([...made.numbers("proved")], [1, 0, NaN]);
	assert.equal(made.text("verdict", 0), "heap");
	assert.equal(made.text("file", 0), "/a.c");
	// an index that is none names nothing
	assert.equal(made.text("file", 1), "");
	assert.equal(made.text("file", 2), "");
	assert.equal(made.text("verdict", 2), "");
	assert.equal(made.row("20"), 1);
	assert.equal(made.row(99), -1);
	assert.equal(made.id(2), 30);
	assert.deepEqual([...made.numbers("nothing")], [NaN, NaN, NaN]);
	assert.equal(made.text("nothing", 1), "");
	assert.equal(made.texts("nothing").text[made.texts("nothing").at[2]], "");
});

test("an order is stable, both ways, and nothing comes last", () => {
	const values = [3, NaN, 1, 3, 2, NaN];
	const rows = [0, 1, 2, 3, 4, 5];

	assert.deepEqual([...order(rows, (row) => values[row], false)], [2, 4, 0, 3, 1, 5]);
	assert.deepEqual([...order(rows, (row) => values[row], true)], [0, 3, 4, 2, 1, 5]);
	const words = ["b", "", "a", "b"];

	assert.deepEqual([...order([0, 1, 2, 3], (row) => words[row], false, true)], [2, 0, 3, 1]);
	assert.deepEqual([...order([0, 1, 2, 3], (row) => words[row], true, true)], [0, 3, 2, 1]);
});

test("50,000 rows are ordered in no time", () => {
	const values = Float64Array.from({ length: 50000 }, (_, at) => (at * 7919) % 10007);
	const rows = Array.from(values, (_, at) => at);
	const sorted = order(rows, (row) => values[row], true);

	for (let at = 1; at < sorted.length; at++)
		assert.ok(values[sorted[at - 1]] > values[sorted[at]] ||
			(values[sorted[at - 1]] === values[sorted[at]] && sorted[at - 1] < sorted[at]));
});
