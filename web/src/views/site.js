// One site: why it has its verdict, and what to do.
import { code } from "../code.js";
import { add, h } from "../dom.js";
import { lives, sizes } from "../histogram.js";
import { badge, empty, meter, name, ownFrames, section, stack, where } from "../parts.js";
import * as state from "../state.js";
import { base, place, visible } from "../text.js";
import { bytes, count, exact, ns, plural, share } from "../units.js";
import { verdictOf } from "../verdicts.js";

const FIRST = 6; // of a list, before the rest is folded
const FATES = {
	local: "freed inside its function", up: "outlived its function", thread: "freed by another thread",
	live: "not freed", censored: "not freed, its function still running", unknown: "not decided",
};
const fateOf = (fate) => FATES[fate] ?? fate;

const sourceLink = (file, line) => state.link({ view: "source", path: file, line });

const sandwichLink = (frame) => state.link({ view: "sandwich", fn: frame.function, mod: base(frame.module ?? "") || null });

// The frame's function, as a link to its callers and callees.
function frameLink(frame) {
	return frame.function ? h("a", { class: "name", href: sandwichLink(frame) }, frame.function) : null;
}

function head(site, doc) {
	const verdict = verdictOf(site.verdict);

	return h("header", { class: "site-head" },
		h("div", { class: "line" }, h("h2", null, badge(site.verdict), " ", name(site.function)),
			h("nav", { "aria-label": "This site elsewhere", class: "links" },
				site.file ? h("a", { href: sourceLink(site.file, site.line) }, "Source file") : null,
				h("a", { href: state.link({ view: "flame", find: site.function }) }, "Flame graph"),
				h("a", { href: sandwichLink(site) }, "Callers and callees"),
				site.file ? h("a", { href: state.link({ view: "sites", file: site.file }) }, "Sites of this file") : null)),
		h("p", { class: "dim" }, h("code", null, site.allocator), " in ",
			site.file ? h("a", { class: "where", href: sourceLink(site.file, site.line), title: site.file },
				`${visible(site.file)}:${site.line}`) : null, site.file ? " of " : null,
			h("span", { class: "where", title: site.module }, base(site.module ?? "")), site.runs > 1 ? `, in ${site.runs} runs` : null,
			site.processes > 1 ? `, in ${site.processes} processes` : null),
		h("p", { class: `callout ${verdict.kind}` }, h("strong", null, "Advice "), doc.advice || site.advice || verdict.advice));
}

function figure(title, value, detail, whole) {
	return h("div", { class: "card" }, h("dt", null, title),
		h("dd", null, h("strong", { title: whole === undefined ? null : exact(whole) }, value), h("span", { class: "dim" }, detail)));
}

function figures(site) {
	const { blocks, size, life_ns: life, cost_ns: cost, saved } = site;
	const spread = blocks.high > blocks.low + 0.5;
	const rate = site.activations > 0 ? blocks.observed / site.activations : 0;

	return h("dl", { class: "cards" },
		figure("Blocks", count(blocks.estimated), spread ? `${count(blocks.low)} to ${count(blocks.high)}`
			: rate >= 1.5 ? `${count(rate)} a call` : "counted", blocks.estimated),
		figure("Bytes", bytes(site.bytes.estimated), size.min === size.max ? `${bytes(size.min)} each`
			: `${bytes(size.min)} to ${bytes(size.max)} each, ${count(size.distinct)} sizes`, site.bytes.estimated),
		figure("At the peak", bytes(site.peak.bytes), `${count(site.peak.blocks)} live when most was`, site.peak.bytes),
		figure("Lifetime", life?.p50 === null || life?.p50 === undefined ? "–" : ns(life.p50),
			life?.p50 === null || life?.p50 === undefined ? "no block was freed"
				: `half of them; 99% ${ns(life.p99)}, at most ${ns(life.max)}`),
		figure("In malloc and free", ns(cost.total), `${ns(cost.allocate)} and ${ns(cost.free)}`),
		figure("Need not be on the heap", share(saved?.blocks ?? 0, blocks.estimated),
			`${plural(saved?.blocks ?? 0, "block")}, ${ns(saved?.cost_ns ?? 0)}`));
}

function sourcePart({ source }, site) {
	const title = site.file ? h("a", { href: sourceLink(site.file, site.line) }, place(site.file, site.line)) : "Source";

	if (source?.lines?.length > 0)
		return section(title, source.changed ? h("p", { class: "warn" }, "The file was changed since the run.") : null,
			code(source.lines, { first: source.first, current: source.line, label: `Source around line ${source.line}` }));
	return section(title, h("p", { class: "dim" }, source?.note ?? "No source is known."));
}

function shareOf(blocks, all) {
	return [meter(blocks / all), h("span", { class: "n percent" }, share(blocks, all))];
}

// Who called: the next frame outside that is no wrapper.
function callerOf(frames) {
	const [own, end] = ownFrames(frames);
	const next = frames.slice(own + 1, end).find((frame) => !frame.wrapper);

	return next ? h("span", null, "from ", name(next.function), " ", where(next)) : h("span", { class: "dim" }, "from start-up code");
}

// Which it is, whatever its numbers are by now.
function keyOf({ fate = "", stack: frames = [] }) {
	return [fate, ...frames.map((frame) => `${frame.function}:${frame.line}`)].join("<");
}

function fatesOf(fates) {
	const found = Object.entries(fates ?? {}).filter(([, blocks]) => blocks > 0);

	return found.length < 2 ? null
		: h("p", { class: "dim" }, found.map(([fate, blocks]) => `${count(blocks)} ${fateOf(fate)}`).join(", "));
}

function paths({ paths: found = [], paths_total: total }, site) {
	const all = site.blocks.estimated;

	if (found.length === 0)
		return null;
	const item = (path, at) => h("li", { dataset: { key: keyOf(path) } }, h("details", { open: at === 0 },
		h("summary", null, shareOf(path.blocks, all), " ", callerOf(path.stack),
			h("span", { class: "dim" }, ` ${plural(path.blocks, "block")}, ${bytes(path.bytes)}, ${ns(path.cost_ns)}`)),
		fatesOf(path.fates), stack(path.stack, { most: 8, link: frameLink })));
	const rest = found.slice(FIRST);

	return section(`Allocated by ${total > found.length ? `the heaviest ${found.length} of ${count(total)} paths`
		: found.length === 1 ? "one path" : `${found.length} paths`}`, h("ol", { class: "paths" }, found.slice(0, FIRST).map(item),
		rest.length === 0 ? null : h("li", null, h("details", null, h("summary", { class: "rest" }, `${rest.length} more`),
			h("ol", { class: "paths" }, rest.map((path) => item(path, -1)))))));
}

function contexts(found, site) {
	if (!found || found.length < 1)
		return null;
	return section("By caller", h("div", { class: "scroll" }, h("table", { class: "plain-table" },
		h("thead", null, h("tr", null, h("th", { scope: "col" }, "Called from"), h("th", { scope: "col" }, "Then"),
			h("th", { scope: "col", class: "n" }, "Blocks"), h("th", { scope: "col" }, "Owner"))),
		h("tbody", null, found.map((context) => h("tr", null,
			h("th", { scope: "row", class: "callers" }, context.stack.slice(1).map((caller, at) => [at > 0 ? " ← " : null, name(caller)])),
			h("td", null, badge(context.verdict)),
			h("td", { class: "n" }, shareOf(context.blocks.estimated, site.blocks.estimated)),
			h("td", null, context.owner?.function ? [name(context.owner.function),
				h("span", { class: "dim" }, context.owner.distance > 0 ? ` ${context.owner.distance} up` : " itself")] : null)))))));
}

function evidence(site, doc) {
	const { evidence: found, fates, blocks } = site;
	const why = [].concat(doc.unknown_why ?? []);

	return section("Evidence", h("p", null, `${plural(blocks.observed, "block")} observed: `,
		h("strong", null, share(found.proved, blocks.observed)), " proved, ", share(found.inferred, blocks.observed), " presumed",
		fates.local >= blocks.observed && blocks.observed >= 10 && found.inferred === 0
			? `; at most ${share(site.escape_rate_upper, 1)} can escape (95% sure)` : null, "."),
	h("table", { class: "plain-table fates" }, h("tbody", null, Object.entries(fates).filter(([, number]) => number > 0)
		.map(([fate, number]) => h("tr", null, h("th", { scope: "row" }, fateOf(fate)),
			h("td", { class: "n", title: exact(number) }, count(number)), h("td", { class: "n" }, shareOf(number, blocks.observed)))))),
	why.length === 0 ? null : h("p", { class: "dim" }, "Not decided: ",
		why.map(({ reason, blocks: number }) => `${reason} (${count(number)})`).join(", "), "."));
}

function owners({ owners: found = [] }) {
	const all = found.reduce((sum, owner) => sum + owner.blocks, 0);

	return found.length === 0 ? null : section("Owners: who was running all the while",
		h("div", { class: "scroll" }, h("table", { class: "plain-table" }, h("thead", null, h("tr", null,
			h("th", { scope: "col" }, "Function"), h("th", { scope: "col", class: "n" }, "Up"),
			h("th", { scope: "col", class: "n" }, "Blocks"), h("th", { scope: "col", class: "n" }, "Proved"))),
		h("tbody", null, found.slice(0, 20).map((owner) => h("tr", null,
			h("th", { scope: "row" }, name(owner.function), " ", where(owner)),
			h("td", { class: "n" }, owner.distance > 0 ? count(owner.distance) : "0"),
			h("td", { class: "n" }, shareOf(owner.blocks, all)),
			h("td", { class: "n" }, share(owner.proved, owner.blocks))))))));
}

// Where it was freed: the innermost frame that is no wrapper of free.
function freedIn({ stack: frames = [] }) {
	const frame = frames[ownFrames(frames)[0]];

	return frame ? ["in ", name(frame.function), " ", where(frame)] : "nowhere that is known";
}

function freed({ freed: found = [], freed_total: total }, site) {
	const item = (one) => h("li", { dataset: { key: keyOf(one) } }, h("details", null,
		h("summary", null, shareOf(one.blocks, site.blocks.estimated), " ", freedIn(one), h("span", { class: "dim" }, ` ${fateOf(one.fate)}`)),
		stack(one.stack ?? [], { most: 6, link: frameLink })));
	const rest = found.slice(FIRST);

	return found.length === 0 ? null : section(total > found.length ? `Freed: the heaviest ${found.length} of ${count(total)} ways`
		: "Freed", h("ol", { class: "paths" }, found.slice(0, FIRST).map(item),
		rest.length === 0 ? null : h("li", null, h("details", null, h("summary", { class: "rest" }, `${rest.length} more`),
			h("ol", { class: "paths" }, rest.map(item))))));
}

function counterexample({ counterexample: found }) {
	return found ? section("The counter-example", h("p", null, `One that ${found.fate === "live" ? "was never freed, allocated here:"
		: found.fate === "censored" ? "was not freed while its function was running, allocated here:"
		: found.fate === "thread" ? "another thread freed, here:" : "outlived its function, freed here:"}`),
	stack(found.stack, { most: 10, link: frameLink })) : null;
}

function chart(title, found) {
	return found ? section(title, found) : null;
}

// Some site to begin with, where the URL names none.
function none({ model, choice }) {
	const cost = model.numbers("cost_ns.total");
	let best = -1;

	for (let row = 0; row < model.count; row++)
		if (choice.sites[row] && (best < 0 || cost[row] > cost[best]))
			best = row;
	return empty("No site is chosen.", "Open one from the ", h("a", { href: state.link({ view: "sites" }) }, "table of sites"),
		best < 0 ? "." : [", or the one that costs most: ", h("a", { href: state.link({ view: "site", id: model.id(best) }) },
			name(model.text("function", best))), "."]);
}

export default {
	name: "site",
	title: "Site",
	key: "3",
	ignores: (choice) => choice.restricted,
	async draw(root, context) {
		const { id } = context.state;
		const doc = id === undefined ? null : await context.find("site", { id });

		if (!doc) {
			add(root, id === undefined ? none(context) : empty("There is no such site.",
				context.data.live ? "It belongs to another run: choose one in the table of sites."
					: "This file has the details of the sites that cost most; esc serve has all."));
			return;
		}
		const { site } = doc;

		add(root, head(site, doc), figures(site), h("div", { class: "columns" },
			h("div", null, sourcePart(doc, site), paths(doc, site), contexts(doc.contexts ?? site.contexts, site)),
			h("div", null, evidence(site, doc), counterexample(doc), owners(doc), freed(doc, site),
				chart("Lifetimes", lives(doc.lives ?? [])), chart("Sizes", sizes(doc.sizes ?? [])))));
		context.say(`${site.function}: ${site.verdict}`);
	},
};
