// Numbers read as those of the commands: the tables of their own test, and what they
// print of thousands of values.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import * as units from "../../../web/src/units.js";
import { shown, top } from "./shown.mjs";

test("the commands' own table", () => {
	const source = readFileSync(`${top}/tests/analyzer/util/test_show.c`, "utf8");
	let checked = 0;

	for (const [, name, value, want] of source.matchAll(/is\(show_(count|bytes|ns), ([-\d.e]+), "([^"]+)"\)/g)) {
		assert.equal(units[name](Number(value)), want);
		checked++;
	}
	for (const [, part, whole, want] of source.matchAll(/share\(([-\d.e]+), ([-\d.e]+), "([^"]+)"\)/g)) {
		assert.equal(units.share(Number(part), Number(whole)), want);
		checked++;
	}
	assert.ok(checked >= 15, `only ${checked} found`);
});

test("what the commands print", () => {
	const checked = { count: 0, bytes: 0, ns: 0, share: 0 };

	for (const [kind, value, text] of shown()) {
		if (!(kind in checked))
			continue;
		assert.equal(units[kind](...value.split("/").map(Number)), text, `${kind} of ${value}`);
		checked[kind]++;
	}
	for (const kind of Object.keys(checked))
		assert.ok(checked[kind] >= 6000, kind);
});

test("nothing", () => {
	assert.equal(units.count(NaN), "0");
	assert.equal(units.bytes(undefined), "0 B");
	assert.equal(units.ns(null), "0 ns");
	assert.equal(units.share(1, 0), "0%");
});

test("one is no plural", () => {
	assert.equal(units.plural(1, "block"), "1 block");
	assert.equal(units.plural(0, "block"), "0 blocks");
	assert.equal(units.plural(12345, "site"), "12.3 k sites");
});

test("every digit", () => {
	assert.equal(units.exact(1204332), "1\u202f204\u202f332");
	assert.equal(units.exact(999), "999");
});
