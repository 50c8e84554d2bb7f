import assert from "node:assert/strict";
import test from "node:test";

import { SHARED, format, merge, parse } from "../../../web/src/state.js";

test("a state and its URL are the same", () => {
	const states = [
		{ view: "summary" }, { view: "sites", verdict: "stack,caller", sort: "bytes up" },
		{ view: "site", id: "7", q: "a&b=c#d?e/f%25+ ü" }, { view: "flame", from: "0", to: "1000000", at: "1.2" },
		{ view: "source", path: "/a b/ü?.c", line: "12" },
	];

	for (const state of states)
		assert.deepEqual(parse(format(state)), state);
});

test("what a URL may be", () => {
	assert.deepEqual(parse(""), { view: "summary" });
	assert.deepEqual(parse("#/"), { view: "summary" });
	assert.deepEqual(parse("#/sites"), { view: "sites" });
	assert.deepEqual(parse("#/sites?view=evil&q=%zz&__proto__=1").view, "sites");
	assert.equal({}.polluted, undefined);
	assert.equal(parse("#/sites?q=a?b").q, "a?b");
});

test("one state has one URL", () => {
	assert.equal(format({ view: "sites", sort: "x", q: "y", verdict: "stack" }),
		format({ view: "sites", verdict: "stack", q: "y", sort: "x" }));
	assert.equal(format({ view: "sites", q: "", sort: null, id: undefined }), "#/sites");
});

test("another view keeps what is shared and drops the rest", () => {
	const state = { view: "sites", sort: "bytes up", row: "3", ...Object.fromEntries(SHARED.map((key) => [key, "1"])) };
	const next = parse(format(merge(state, { view: "site", id: 4 })));

	assert.deepEqual(Object.keys(next).sort(), ["id", "view", ...SHARED].sort());
	assert.equal(merge(state, { row: null }).sort, "bytes up");
	assert.equal(merge(state, { view: "sites", q: "z" }).sort, "bytes up");
});
