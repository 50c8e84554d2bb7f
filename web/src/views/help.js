// What the words mean, which keys there are, and everything to take away.
import { add, h } from "../dom.js";
import * as keys from "../keys.js";
import { badge, section } from "../parts.js";
import { VERDICTS } from "../verdicts.js";

const KINDS = { move: "can leave the heap", part: "can in part", keep: "stays", open: "open" };

function verdicts() {
	return h("div", { class: "scroll" }, h("table", { class: "plain-table" },
		h("thead", null, h("tr", null, ["Verdict", "What to do", "Blocks"].map((title) => h("th", { scope: "col" }, title)))),
		h("tbody", null, VERDICTS.map(({ name, advice, kind }) => h("tr", null,
			h("th", { scope: "row" }, badge(name)), h("td", null, advice), h("td", { class: "dim" }, KINDS[kind]))))));
}

// Of what has the focus itself, and is no binding.
const IN_TABLE = [{ key: "↑ ↓ PgUp PgDn Home End", title: "move in a table" }, { key: "Enter", title: "open the row" },
	{ key: "← ↑ → ↓", title: "move in a graph: outwards, inwards, to the sides" }, { key: "Tab", title: "to the next field or table" }];

function keyTable(bindings) {
	return h("table", { class: "plain-table keys" }, h("tbody", null, bindings.map(({ key, title }) => h("tr", null,
		h("th", { scope: "row" }, key.split(" ").map((one) => [h("kbd", null, one), " "])), h("td", null, title)))));
}

function keyParts({ views }) {
	return [section("Everywhere", keyTable([...keys.list(), ...IN_TABLE])),
		views.filter((view) => view.keys?.length > 0).map((view) => section(view.title, keyTable(view.keys)))];
}

async function exportsOf(context) {
	const found = await context.find("exports");
	const list = Array.isArray(found) ? found : found?.exports;

	if (!list || !context.data.exportLink("x"))
		return h("p", { class: "prose" }, context.data.live ? "This esc offers none." : "This page is a file. Where the trace is, ",
			context.data.live ? null : [h("code", null, "esc export --help"), " lists what it can be written as."]);
	return h("dl", { class: "words" }, list.map(({ name, summary, file }) => [h("dt", null,
		h("a", { href: context.data.exportLink(name, context.run), download: file ?? "" }, name)), h("dd", null, summary)]));
}

const WORDS = [
	["block", "one allocation, from the allocating call to the freeing one or to the end of the run"],
	["site", "the innermost function of the allocating stack that is no wrapper of malloc: what you would change"],
	["owner", "the function whose activation lived without a break from the allocation to the free"],
	["up", "freed by a function that called the site's, so many calls above it"],
	["phase", "what the program says it is at (esc.h): of each block, that of its process when it was allocated"],
	["proved, presumed", "the evidence shows the fate, or nothing speaks against it"],
	["estimated", "counted from a sample; the interval holds the truth in 95 of 100 runs"],
];

export default {
	name: "help",
	title: "Help & export",
	key: "?",
	async draw(root, context) {
		add(root, h("div", { class: "columns" },
			h("div", null, h("h2", null, "What the page says"),
				h("p", { class: "prose" }, "A block that did not outlive the function that allocated it could have been " +
					"a local variable. Each line of the program that allocates (a site) has one verdict over all of its blocks."),
				section("Verdicts", verdicts()),
				section("Words", h("dl", { class: "words" }, WORDS.map(([word, meaning]) =>
					[h("dt", null, word), h("dd", null, meaning)])))),
			h("div", null, h("h2", null, "Keys"), keyParts(context),
				h("h2", { class: "later" }, "Export"), section("Take it with you", await exportsOf(context)))));
	},
};
