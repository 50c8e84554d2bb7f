import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { VERDICTS, indexOf, verdictOf } from "../../../web/src/verdicts.js";
import { top } from "./shown.mjs";

test("they are those of the report, in its order, with its words", () => {
	const source = readFileSync(`${top}/analyzer/report/advice.c`, "utf8");
	const table = [...source.matchAll(/\{ "(\w+)", ADVICE_(\w+), "([^"]+)" \}/g)];
	const kinds = { SAVE: "move", PART: "part", KEEP: "keep", OPEN: "open" };

	assert.deepEqual(VERDICTS.map(({ name, kind }) => [name, kind]), table.map(([, name, kind]) => [name, kinds[kind]]));
	// the report speaks of several sites, the page of one
	VERDICTS.forEach(({ advice }, at) => assert.equal(advice.split(" ").at(-1), table[at][3].split(" ").at(-1)));
});

test("each has a letter of its own, and what is unknown is `unknown`", () => {
	assert.equal(new Set(VERDICTS.map(({ mark }) => mark)).size, VERDICTS.length);
	assert.equal(verdictOf("stack").mark, "S");
	assert.equal(verdictOf("<b>").name, "unknown");
	assert.equal(indexOf(undefined), VERDICTS.length - 1);
});

function luminance(colour) {
	const hex = colour.length === 4 ? colour.replace(/[^#]/g, "$&$&") : colour;
	const [red, green, blue] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
		.map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);

	return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
	const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);

	return (light + 0.05) / (dark + 0.05);
}

test("colours can be told from what is behind and before them, in both themes", () => {
	const css = readFileSync(`${top}/web/src/style.css`, "utf8");
	const themes = [...css.matchAll(/^:root[^{]*\{([^}]*)\}/gm)].map(([, body]) =>
		Object.fromEntries([...body.matchAll(/--([\w-]+): (#[0-9a-f]{3,6});/g)].map(([, name, value]) => [name, value])));

	assert.equal(themes.length, 2);
	for (const theme of themes) {
		for (const { name } of VERDICTS) {
			assert.ok(contrast(theme[`v-${name}`], theme.bg) >= 3, `${name} on the page`);
			assert.ok(contrast(theme[`v-${name}`], theme[`v-${name}-ink`]) >= 4.5, `the letter of ${name}`);
		}
		for (const ink of ["ink", "soft", "faint", "accent", "bad"])
			for (const ground of ["bg", "raised"])
				assert.ok(contrast(theme[ink], theme[ground]) >= 4.5, `${ink} on ${ground}`);
		assert.ok(contrast(theme.note, theme["note-soft"]) >= 4.5, "notes");
		assert.ok(contrast(theme.accent, theme["accent-soft"]) >= 4.5, "chips");
	}
});
