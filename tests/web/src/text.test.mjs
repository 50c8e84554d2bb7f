import assert from "node:assert/strict";
import test from "node:test";

import { base, commandOf, place, visible } from "../../../web/src/text.js";
import { shown } from "./shown.mjs";

test("every character is escaped where the commands escape it, and as they do", () => {
	const unsafe = new Set();

	for (const [kind, first, last] of shown())
		for (let code = Number(first); kind === "unsafe" && code <= Number(last); code++)
			unsafe.add(code);
	assert.ok(unsafe.size > 4000);
	for (let code = 0; code < 0x110000; code++) {
		const character = String.fromCodePoint(code);

		if (code >= 0xd800 && code <= 0xdfff)
			continue; // the commands have no such text
		assert.equal(visible(character) !== character, unsafe.has(code), code.toString(16));
	}
	assert.equal(visible("a\x1b[31m\x7f\x9b\u202eb\n"), "a\\x1b[31m\\x7f\\u{9b}\\u{202e}b\\x0a");
	assert.equal(visible("\ud800"), "\\u{d800}");
});

test("markup stays what it is: text", () => {
	const name = "<img src=x onerror=alert(1)>&amp;\"'";

	assert.equal(visible(name), name);
});

test("what is long is cut, and marked", () => {
	assert.equal(visible("x".repeat(65536)).length, 2001);
	assert.ok(visible("x".repeat(65536)).endsWith("…"));
	assert.equal(visible("abcdef", 3), "abc…");
	assert.equal(visible(undefined), "");
});

test("a command is one that can be typed, as `esc report` has it", () => {
	assert.equal(commandOf({ command: ["redis-server", "--save", "", "--dir", "a b", "a=b,c", "$x"] }), "redis-server --save '' --dir 'a b' a=b,c '$x'");
	assert.equal(commandOf({}), "");
	assert.equal(commandOf({ command: null }), "");
});

test("where something is", () => {
	assert.equal(base("/usr/lib/x.so"), "x.so");
	assert.equal(place("/a/b.c", 12, "/m"), "b.c:12");
	assert.equal(place("", 0, "/lib/libc.so.6"), "(libc.so.6)");
	assert.equal(place("/a/b.c", 0, ""), "b.c");
});
