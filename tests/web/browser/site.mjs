// One site: what it says is what `esc report --site=N` says; and its source.
import { check, equal, json } from "./lib.mjs";
import { sum, text, units } from "./truth.mjs";

async function figures(tab, { site }, what) {
	const strong = await tab.texts("main .cards strong");
	equal([strong[0], strong[1], strong[2], strong[4]], [units.count(site.blocks.estimated), units.bytes(site.bytes.estimated),
		units.bytes(site.peak.bytes), units.ns(site.cost_ns.total)], `${what}: figures`);
	const life = site.life_ns?.p50;
	equal(strong[3], life === undefined || life === null ? "–" : units.ns(life), `${what}: lifetime`);
}

async function fates(tab, { site }, what) {
	const wanted = Object.values(site.fates).filter((blocks) => blocks > 0);
	const got = await tab.page.$$eval("main table.fates tr", (rows) => rows.map((row) => row.children[1].textContent.trim()));
	equal(got, wanted.map(units.count), `${what}: fates`);
}

// Opens all that is folded, then the text must have all of what the document has.
async function parts(tab, doc, what) {
	await tab.page.$$eval("main details", (all) => all.forEach((one) => { one.open = true; }));
	const said = await tab.page.$eval("main", (main) => main.innerText.replace(/\s+/g, " "));
	const has = (part, name) => check(said.includes(text.visible(part).replace(/\s+/g, " ").trim()), `${what}: ${name}`, part);
	has(doc.advice, "advice");
	has(doc.site.function, "function");
	for (const path of doc.paths)
		for (const frame of path.stack)
			has(frame.function || "??", "frame of a path");
	for (const owner of doc.owners.slice(0, 20))
		has(owner.function, "owner");
	for (const one of doc.freed)
		has(one.stack[0]?.function ?? "nowhere", "who freed");
	for (const frame of doc.counterexample?.stack ?? [])
		has(frame.function || "??", "frame of the counter-example");
	for (const [title, values] of [["Sizes", doc.sizes], ["Lifetimes", doc.lives]]) {
		if (values.length < 2) // one size is said in words
			continue;
		const rows = await tab.page.$$eval(`main section:has(h3:text-is("${title}")) .histogram tbody tr`, (all) => all.length);
		check(rows > 0 && rows <= values.length, `${what}: ${title} as a table`, [rows, values.length]);
		const bars = await tab.page.$$eval(`main section:has(h3:text-is("${title}")) .histogram .up`, (all) =>
			all.map((one) => one.getBoundingClientRect().height));
		check(Math.max(...bars) > 20, `${what}: ${title} has bars`, bars);
		const ends = await tab.page.$eval(`main section:has(h3:text-is("${title}")) .histogram`, (one) =>
			[".column:last-child", ".ends"].map((part) => one.querySelector(part).getBoundingClientRect().right));
		check(Math.abs(ends[0] - ends[1]) < 2, `${what}: ${title}, what the last bar is stands under it`, ends);
	}
	if (doc.source?.lines?.length > 0) {
		const current = await tab.page.$eval("main .code-line.current", (line) => line.innerText);
		check(current.includes(doc.source.lines[doc.source.line - doc.source.first].trim()), `${what}: the line is marked`, current);
	}
}

// The longest share does not reach the bar beside it.
async function room(tab, what) {
	const [had, has] = await tab.page.$eval("main .percent", (one) => {
		const width = () => one.getBoundingClientRect().width;
		const before = width();
		one.textContent = ">99.9%";
		const range = document.createRange();
		range.selectNodeContents(one);
		return [before, range.getBoundingClientRect().width];
	});
	check(has < had, `${what}: a share has room`, [has, had]);
}

async function links(tab, doc) {
	const here = await tab.hash();
	for (const name of ["Flame graph", "Callers and callees"]) {
		await tab.click(`main nav.links a:text-is("${name}")`);
		const said = await tab.page.$eval("main", (main) => main.innerText);
		check(!/cannot be shown|No site is like/.test(said), `${name} opens`, said.slice(0, 200));
		if (name !== "Flame graph")
			check(said.includes(text.visible(doc.site.function).slice(0, 20)), `${name}: of this function`, said.slice(0, 300));
		await tab.back();
		equal(await tab.hash(), here, `back from ${name}`);
	}
}

export async function site(tab, truth) {
	const known = truth.sites.slice(0, 4);
	for (const { id, function: name } of known) {
		const doc = json("report", `--site=${id}`, "--format=json", truth.file);
		equal(doc.site.function, name, `document of ${id}`);
		await tab.go(`#/site?id=${id}`);
		await figures(tab, doc, name);
		await fates(tab, doc, name);
		await parts(tab, doc, name);
		await room(tab, name);
		await links(tab, doc);
	}
	await tab.go("#/site?id=999999999");
	check(await tab.page.isVisible("main .empty"), "no such site: it says so");
	await tab.go("#/site");
	await tab.click("main .empty a[href*='id=']");
	check(/id=\d+/.test(await tab.hash()), "an empty view leads on");
}

async function one_source(tab, truth, file) {
	const doc = json("annotate", "--format=json", truth.file, file);
	await tab.go(`#/source?path=${encodeURIComponent(file)}`);
	const lines = await tab.texts("main .code-line .text");
	if (!doc.lines)
		return check(await tab.page.isVisible("main .empty"), `${file}: it says why there is none`);
	equal(lines.length, doc.lines.length, `${file}: lines`);
	const wrong = lines.findIndex((line, at) => line.replace(/\s+/g, "") !== text.visible(doc.lines[at]).replace(/\\x09|\s+/g, ""));
	check(wrong < 0, `${file}: line ${wrong + 1}`, [lines[wrong], doc.lines[wrong]]);
	const marked = await tab.page.$$eval("main .code-line.marked .number", (all) => all.map((one) => Number(one.textContent)));
	equal(marked, [...new Set(doc.marks.map((mark) => mark.line))].sort((a, b) => a - b), `${file}: marked lines`);
	const beside = await tab.page.$$eval("main .code-line .beside", (all) => all.map((one) => one.innerText.replace(/\s+/g, " ")));
	equal(beside.length, doc.marks.length, `${file}: marks`);
	for (const mark of doc.marks)
		check(beside.some((one) => one.includes(units.count(mark.blocks)) && one.includes(units.bytes(mark.bytes))),
			`${file}: mark of line ${mark.line}`, beside);
	await tab.click("main .code-line .beside");
	check((await tab.hash()).startsWith("#/site?"), "a mark leads to its site");
	return tab.back();
}

export async function source(tab, truth) {
	const files = [...new Set(truth.sites.map((one) => one.file).filter(Boolean))];
	await tab.go("#/source");
	if (files.length === 0)
		return check(await tab.page.isVisible("main .empty"), "no source: it says what to do");
	equal((await tab.texts("main tbody th")).sort(), files.map((file) => text.visible(file)).sort(), "files");
	for (const file of files.slice(0, 3))
		await one_source(tab, truth, file);
	return undefined;
}

export async function threads(tab, { info }) {
	await tab.go("#/threads");
	const rows = await tab.page.$$eval("main .plain-table tbody tr", (all) => all.map((row) =>
		[...row.children].map((cell) => cell.textContent.trim())));
	equal(rows.map((row) => [row[0], row[1], row[3], row[4], row[5]]), info.threads.map((one) => [
		`${one.number}${one.name ? ` ${one.name}` : ""}`, String(one.pid), units.count(one.allocations), units.count(one.frees), units.bytes(one.bytes)]), "threads");
	const cells = await tab.page.$$eval("main .matrix tbody td", (all) => all.map((cell) => Number(cell.dataset.value)));
	const all = sum(info.pairs, "blocks");
	check(Math.abs(cells.reduce((a, b) => a + b, 0) - all) <= info.pairs.length, "blocks of the matrix", [cells, all]);
	for (const pair of info.pairs)
		check(cells.some((value) => value === pair.blocks), "pair", pair);
	await tab.page.focus('main .matrix [tabindex="0"]');
	await tab.press("ArrowRight", "ArrowDown", "ArrowLeft");
	const at = await tab.page.evaluate(() => document.activeElement.dataset.at);
	equal(at, info.threads.length > 1 && cells.length > 1 ? "1,0" : "0,0", "keys in the matrix");
	await tab.click("main .plain-table tbody a");
	check((await tab.hash()).startsWith("#/sites?thread="), "a thread leads to its sites");
	await tab.back();
}
