// One source file, with the verdicts of its sites in the margin, as `-m` of a compiler
// would have them; without one, the files that have sites.
import { code } from "../code.js";
import { add, h } from "../dom.js";
import { badge, empty, meter, nothing } from "../parts.js";
import * as state from "../state.js";
import { base, visible } from "../text.js";
import { bytes, count, ns, plural } from "../units.js";

const MOST = 500; // files that are listed

// [{file, sites, blocks, cost}] of what is chosen, the dearest first.
function filesOf({ model, choice }) {
	const files = model.texts("file");
	const sums = files.text.map((file) => ({ file, sites: 0, blocks: 0, cost: 0 }));

	for (let row = 0; row < model.count; row++) {
		if (!choice.sites[row])
			continue;
		const sum = sums[files.at[row]];

		sum.sites++;
		sum.blocks += choice.sums.blocks[row] || 0;
		sum.cost += choice.sums.cost_ns[row] || 0;
	}
	return sums.filter(({ file, sites }) => file && sites > 0).sort((a, b) => b.cost - a.cost || b.blocks - a.blocks);
}

function list(context) {
	const files = filesOf(context);

	if (files.length === 0)
		return [h("h2", { class: "hide" }, "Source files"), context.choice.count === 0 ? nothing(context)
			: empty("No source is known.", "The chosen sites have no debug information: " +
				"build the program with -g, or install its debug symbols, then analyze again.")];
	return [h("h2", null, plural(files.length, "source file")), h("p", { class: "prose" }, "Those with most time in malloc and free first."),
		h("div", { class: "scroll" }, h("table", { class: "plain-table" },
			h("thead", null, h("tr", null, h("th", { scope: "col" }, "File"), h("th", { scope: "col", class: "n" }, "Sites"),
				h("th", { scope: "col", class: "n" }, "Blocks"), h("th", { scope: "col", class: "n" }, "Time"))),
			h("tbody", null, files.slice(0, MOST).map(({ file, sites, blocks, cost }) => h("tr", null,
				h("th", { scope: "row" }, h("a", { class: "code", href: state.link({ path: file }) }, file)),
				h("td", { class: "n" }, count(sites)), h("td", { class: "n" }, count(blocks)),
				h("td", { class: "n" }, meter(cost / files[0].cost), h("span", { class: "beside-meter" }, ns(cost)))))))),
		files.length > MOST ? h("p", { class: "dim" }, `${count(files.length - MOST)} more: search for their names above.`) : null];
}

function marksByLine(marks) {
	const found = new Map();

	for (const mark of marks)
		found.set(mark.line, [...found.get(mark.line) ?? [], mark]);
	return found;
}

function marginOf(marks) {
	return marks?.map((mark) => h("a", { class: "beside", href: state.link({ view: "site", id: mark.id }), title: mark.message },
		badge(mark.verdict, { word: false }), h("span", { class: "n" }, count(mark.blocks)), h("span", { class: "n" }, bytes(mark.bytes)))) ?? null;
}

function messages(marks) {
	return h("details", { class: "part" }, h("summary", null, `${plural(marks.length, "site")} as text`),
		h("ul", { class: "messages" }, marks.map((mark) => h("li", null, badge(mark.verdict), " ",
			h("a", { href: state.link({ view: "site", id: mark.id }) }, `${mark.line}: ${mark.message}`)))));
}

async function file(context, path) {
	// a server may refuse names that no file should have
	const doc = await context.find("source", { file: path }).catch((error) => ({ note: error.message }));
	const marks = doc?.marks ?? [];
	const byLine = marksByLine(marks);
	const title = h("div", { class: "line" }, h("h2", { class: "code", title: path }, visible(path)),
		h("nav", { class: "links", "aria-label": "This file elsewhere" }, h("a", { href: state.link({ path: null, line: null }) }, "all files"),
			h("a", { href: state.link({ view: "sites", file: path }) }, "its sites")));

	if (!doc || !doc.lines)
		return [title, empty(`${base(path)} cannot be shown.`, doc?.note ?? (context.data.live
			? "No site of this run is in it." : "This file was written without that source; esc serve reads it where it is.")),
		marks.length > 0 ? messages(marks) : null];
	return [title, doc.note ? h("p", { class: "warn" }, doc.note) : null,
		doc.changed ? h("p", { class: "warn" }, "The file was changed since the run: verdicts may stand beside other lines.") : null,
		code(doc.lines, { current: Number(context.state.line ?? 0), margin: (number) => marginOf(byLine.get(number)), label: path }),
		messages(marks)];
}

export default {
	name: "source",
	title: "Source",
	key: "4",
	ignores: (choice) => choice.restricted,
	async draw(root, context) {
		const { path } = context.state;

		add(root, path ? await file(context, path) : list(context));
		context.say(path ? `Source ${base(path)}` : "Source files");
	},
	drawn(root) {
		const first = root.querySelector(".code-line.current") ?? root.querySelector(".code-line.marked");

		first?.scrollIntoView({ block: "center" });
	},
};
