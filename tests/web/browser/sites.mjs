// The table of sites: its numbers are the report's, in every order and choice.
import { check, equal } from "./lib.mjs";
import { threads_of } from "./flame.mjs";
import { sum, text, units } from "./truth.mjs";

const ORDER = ["stack", "buffer", "caller", "reuse", "mixed", "large", "heap", "thread", "live",
	"unknown"];
const dash = (value, show) => value === null || value === undefined ? "–" : show(value);

function proved(site) {
	const all = site["evidence.proved"] + site["evidence.inferred"];
	return all > 0 ? site["evidence.proved"] / all : null;
}

// Each column: what it says of a site, and what it sorts by.
const COLUMNS = {
	Verdict: [(site) => site.verdict, (site) => ORDER.indexOf(site.verdict)],
	Function: [(site) => text.visible(site.function), (site) => site.function],
	Where: [(site) => text.place(site.file, site.line, site.module),
		(site) => site.file ? `${site.file}:${String(site.line).padStart(9, "0")}` : null],
	Blocks: [(site) => units.count(site["blocks.estimated"]), (site) => site["blocks.estimated"]],
	Bytes: [(site) => units.bytes(site["bytes.estimated"]), (site) => site["bytes.estimated"]],
	"At peak": [(site) => site["peak.bytes"] > 0 ? units.bytes(site["peak.bytes"]) : "–", (site) => site["peak.bytes"]],
	Time: [(site) => units.ns(site["cost_ns.total"]), (site) => site["cost_ns.total"]],
	"To save": [(site) => site["saved.cost_ns"] > 0 ? units.ns(site["saved.cost_ns"]) : "–",
		(site) => site["saved.cost_ns"]],
	Size: [(site) => dash(site["size.p50"], units.bytes), (site) => site["size.p50"]],
	"Life, p50": [(site) => dash(site["life_ns.p50"], units.ns), (site) => site["life_ns.p50"]],
	Lifetimes: [() => "", (site) => site["life_ns.p99"]],
	Proved: [(site) => proved(site) === null ? "–"
		: units.share(site["evidence.proved"], site["evidence.proved"] + site["evidence.inferred"]), proved],
};

// The same of a run: of several processes it tells which.
function columns_of({ run, info: { processes } }) {
	const program = (pid) => text.base(processes.find((one) => one.pid === pid)?.program ?? "");
	return run.processes < 2 ? COLUMNS : { ...COLUMNS,
		Process: [(site) => site.process === null ? `${site.processes} of ${run.processes}`
			: `${site.process} ${program(site.process)}`, (site) => site.process] };
}

/** All rows that the table has, by scrolling through it: {id, cells}. */
export async function rows(tab, most = 100000) {
	return tab.page.$eval(".grid", async (grid, limit) => {
		const found = new Map();
		const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
		grid.scrollTop = 0;
		for (let at = 0; ; at += grid.clientHeight / 2) {
			grid.scrollTop = at;
			await frame();
			for (const row of grid.querySelectorAll(".rows .row"))
				found.set(Number(row.dataset.at), [...row.querySelectorAll(".cell")].map((cell) => cell.textContent.trim()));
			if (at + grid.clientHeight >= grid.scrollHeight || found.size >= limit)
				break;
		}
		return [...found].sort((a, b) => a[0] - b[0]).map(([, cells]) => cells);
	}, most);
}

function sorted(sites, key, down, columns = COLUMNS) {
	const value = columns[key][1];
	const nothing = (one) => one === null || one === undefined || one === "";
	return sites.map((site, at) => ({ site, at, value: value(site) })).sort((a, b) =>
		nothing(a.value) - nothing(b.value) ||
		(nothing(a.value) || a.value === b.value ? 0 : (a.value < b.value ? -1 : 1) * (down ? -1 : 1)) ||
		a.at - b.at).map(({ site }) => site);
}

async function same_rows(tab, truth, sites, what) {
	const columns = columns_of(truth);
	const cells = (site) => Object.values(columns).map(([show]) => show(site));
	const got = await rows(tab);
	equal(got.length, sites.length, `${what}: rows`);
	const wrong = sites.findIndex((site, at) => JSON.stringify(got[at]?.map((cell, column) =>
		column === 0 ? cell.replace(/^. /, "") : cell)) !== JSON.stringify(cells(site)));
	check(wrong < 0, `${what}: row ${wrong}`, wrong < 0 ? undefined : [got[wrong], cells(sites[wrong])]);
}

async function same_totals(tab, sites, what) {
	const [blocks, bytes, cost] = ["blocks.estimated", "bytes.estimated", "cost_ns.total"].map((key) => sum(sites, key));
	const strong = await tab.texts(".totals strong");
	equal(strong.slice(0, 4), [units.plural(sites.length, "site"), units.plural(blocks, "block"), units.bytes(bytes), units.ns(cost)],
		`${what}: totals`);
}

async function orders(tab, truth) {
	await same_rows(tab, truth, sorted(truth.sites, "To save", true), "first order");
	const columns = columns_of(truth);
	equal(await tab.texts(".grid [role=columnheader]").then((all) => all.map((one) => one.replace(/[↓↑]$/, ""))), Object.keys(columns), "columns");
	for (const title of Object.keys(columns)) {
		const head = `.grid [role=columnheader]:has(button:text-is("${title}"))`;
		for (let turn = 0; turn < 2; turn++) {
			await tab.click(`${head} button`);
			const way = await tab.page.getAttribute(head, "aria-sort");
			check(["ascending", "descending"].includes(way), `${title}: aria-sort`, way);
			await same_rows(tab, truth, sorted(truth.sites, title, way === "descending", columns), `${title}, ${way}`);
		}
	}
}

// The longest share has room, whatever those of this run are.
async function room(tab) {
	const cut = await tab.page.$eval(".rows .cell:has(.meter)", (cell) => {
		cell.lastChild.data = " >99.9%";
		return cell.scrollWidth - cell.clientWidth;
	});
	check(cut <= 0, "a share is whole", cut);
}

async function verdicts(tab, truth) {
	for (const verdict of new Set(truth.sites.map((site) => site.verdict))) {
		const chosen = truth.sites.filter((site) => site.verdict === verdict);
		await tab.click(`.verdicts button[aria-label="${verdict}"]`);
		await same_rows(tab, truth, sorted(chosen, "To save", true), `verdict ${verdict}`);
		await same_totals(tab, chosen, `verdict ${verdict}`);
		equal(await tab.page.$$eval("#chips .chip", (all) => all.length), 1, `verdict ${verdict}: chips`);
		await tab.click("#chips .chip");
		equal(await tab.page.$$eval("#chips .chip", (all) => all.length), 0, `verdict ${verdict}: chip removed`);
	}
}

async function search(tab, truth) {
	const part = truth.sites[0].function.slice(0, 6).toUpperCase();
	await tab.press("Escape", "/"); // from wherever the focus is
	await tab.page.keyboard.type(part);
	await tab.typed("q", part);
	const chosen = truth.sites.filter((site) => ["function", "file", "module", "owner.function"].some((key) =>
		site[key]?.toLowerCase().includes(part.toLowerCase())));
	check(chosen.length > 0, "search finds");
	await same_rows(tab, truth, sorted(chosen, "To save", true), `search ${part}`);
	await same_totals(tab, chosen, `search ${part}`);
	await tab.page.fill("#q", "no such thing anywhere");
	await tab.typed("q", "no such thing anywhere");
	check(await tab.page.isVisible(".view .empty"), "an empty table says so");
	await tab.press("Escape", "x");
	check(!(await tab.hash()).includes("q="), "x removes what was searched");
}

async function modules(tab, truth) {
	const of_module = new Set(truth.sites.map((site) => site.module));
	for (const module of [...of_module].slice(0, 3)) {
		const chosen = truth.sites.filter((site) => site.module === module);
		await tab.go(`#/sites?module=${encodeURIComponent(module)}`);
		await same_rows(tab, truth, sorted(chosen, "To save", true), `module ${module}`);
		await same_totals(tab, chosen, `module ${module}`);
	}
	await tab.press("x");
	if (of_module.size < 2)
		return;
	await tab.page.selectOption('select[data-key="module"]', [...of_module][0]);
	await tab.settled();
	check((await tab.hash()).includes("module="), "the module is chosen", await tab.hash());
	await tab.press("x");
}

// What a thread allocated is what the database has of it.
async function threads(tab, { file }) {
	const all = threads_of(file);
	for (const { number, blocks, bytes, sites: found } of all.slice(0, 4)) {
		await tab.go(`#/sites?thread=${number}`);
		const strong = await tab.texts(".totals strong");
		equal(strong.slice(0, 3), [units.plural(found, "site"), units.plural(blocks, "block"), units.bytes(bytes)],
			`thread ${number}: totals`);
		equal((await rows(tab)).length, found, `thread ${number}: rows`);
	}
	check(all.length > 0, "threads");
	await tab.go("#/sites");
}

// Keys move among rows; Enter opens; back comes back to the row.
async function keys(tab, truth) {
	const selected = () => tab.page.$eval('.grid .row[aria-selected="true"]', (row) => Number(row.dataset.at));
	const last = truth.sites.length - 1;
	await tab.page.focus(".grid");
	await tab.press("Home");
	equal(await selected(), 0, "Home");
	await tab.press("ArrowDown", "ArrowDown", "ArrowUp");
	equal(await selected(), Math.min(1, last), "arrows");
	await tab.press("End");
	equal(await selected(), last, "End");
	await tab.press("PageUp", "PageDown");
	equal(await selected(), last, "pages");
	await tab.press("Enter");
	const wanted = sorted(truth.sites, "To save", true)[last];
	check((await tab.hash()).startsWith("#/site?"), "Enter opens the site", await tab.hash());
	check((await tab.texts("main h2")).join().includes(text.visible(wanted.function)), "of the row",
		await tab.texts("main h2"));
	await tab.back();
	equal(await selected(), last, "back at the row");
	await tab.forward();
	check((await tab.hash()).startsWith("#/site?"), "forward");
	await tab.back();
}

export async function sites(tab, truth) {
	await tab.go("#/sites");
	await same_totals(tab, truth.sites, "all");
	await orders(tab, truth);
	await room(tab);
	await tab.go("#/sites?");
	await tab.go("#/sites");
	await verdicts(tab, truth);
	await search(tab, truth);
	await modules(tab, truth);
	await threads(tab, truth);
	await tab.go("#/summary");
	await tab.go("#/sites");
	await keys(tab, truth);
}
