// Time line, sizes by lifetimes, callers and callees, two runs: their numbers, and that a
// range or box chosen in one is what all others show.
import { check, equal, json, Tab, until } from "./lib.mjs";
import { paths_of } from "./flame.mjs";
import { sum, text, units } from "./truth.mjs";

const open_tables = (tab) => tab.page.$$eval("main details", (all) => all.forEach((one) => { one.open = true; }));
const cells_of = (tab, selector) => tab.page.$$eval(selector, (rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent.trim())));

/** Drags over a box from part to part of it. */
async function drag(tab, selector, [x0, y0], [x1, y1]) {
	const box = await tab.page.locator(selector).boundingBox();
	await tab.page.mouse.move(box.x + box.width * x0, box.y + box.height * y0);
	await tab.page.mouse.down();
	await tab.page.mouse.move(box.x + box.width * (x0 + x1) / 2, box.y + box.height * (y0 + y1) / 2);
	await tab.page.mouse.move(box.x + box.width * x1, box.y + box.height * y1);
	await tab.page.mouse.up();
	return tab.settled();
}

const parameters = async (tab) => Object.fromEntries(new URLSearchParams((await tab.hash()).split(/\?(.*)/s)[1]));

/** The table of sites says what is in sum chosen. */
async function sites_say(tab, blocks, bytes, what) {
	const hash = (await tab.hash()).replace(/^#\/\w+/, "#/sites");
	await tab.go(hash);
	const strong = await tab.texts(".totals strong");
	equal(strong.slice(1, 3), [units.plural(blocks, "block"), units.bytes(bytes)], `${what}: the sites follow`);
	equal(await tab.page.$$eval("#chips .chip", (all) => all.length), 1, `${what}: a chip`);
}

async function range_holds(tab, cells, what) {
	const { from, to } = await parameters(tab);
	check(Number(from) < Number(to), `${what}: a range`, [from, to]);
	const slices = [from, to].map((time) => Math.round(Number(time) / cells.slice_ns));
	const inside = (column) => column.filter((_, at) => cells.cells.slice[at] >= slices[0] && cells.cells.slice[at] < slices[1])
		.reduce((a, b) => a + b, 0);
	await sites_say(tab, inside(cells.cells.blocks), inside(cells.cells.bytes), what);
	return inside(cells.cells.blocks);
}

const zoom_of = async (tab) => ((await parameters(tab)).zoom ?? "").split("-").map(Number);
/** Until the URL's zoom is as it is wanted to be: it follows a wheel late. */
async function zoomed(tab, is, what) {
	await until(async () => is(await zoom_of(tab)), what, () => tab.hash());
	await tab.settled();
}

async function zoom(tab, info) {
	const whole = info.timeline.at(-1).at_ns;
	const none = ([from]) => from === 0 && !Number.isNaN(from);
	await tab.go("#/timeline");
	const box = await tab.page.locator(".timeline-box .u-over").first().boundingBox();
	await tab.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
	await tab.page.mouse.wheel(0, -240);
	await zoomed(tab, ([from, to]) => from > 0 && to < whole, "a wheel zooms");
	const [from, to] = await zoom_of(tab);
	check(Math.abs((from + to) / 2 - whole / 2) < whole / 20, "what is under the pointer stays there", [from, to, whole]);
	await tab.page.mouse.dblclick(box.x + box.width / 2, box.y + box.height / 2);
	await zoomed(tab, none, "a double click shows all");
	check(!(await tab.hash()).includes("from="), "and chooses nothing", await tab.hash());
	await tab.page.keyboard.down("Shift");
	await drag(tab, ".timeline-box .u-over >> nth=0", [0.25, 0.5], [0.5, 0.5]);
	await tab.page.keyboard.up("Shift");
	const near = (at, part) => Math.abs(at - whole * part) < whole / 50;
	await zoomed(tab, ([a, b]) => near(a, 0.25) && near(b, 0.5), "a drag with Shift zooms to it");
	check(!(await tab.hash()).includes("from="), "and chooses nothing", await tab.hash());
	await tab.page.focus(".timeline-box");
	await tab.press("0");
	await zoomed(tab, none, "0 shows all");
	await tab.press("End", "+", "+");
	await zoomed(tab, ([a, b]) => a > whole / 3 && b > whole * 0.9, "+ zooms to the slice that has the focus");
	await tab.press("Home");
	await zoomed(tab, ([a, b]) => a === 0 && b < whole * 2 / 3, "what is seen goes with the focus");
	await tab.press("Escape");
	await zoomed(tab, none, "Escape shows all");
}

async function legend(tab, info) {
	await tab.go("#/timeline");
	const line = ".timeplot-legend button";
	const pressed = () => tab.page.$$eval(line, (all) => all.map((one) => one.getAttribute("aria-pressed")));
	equal(await pressed(), ["true", "true", "false"], "lines shown");
	// the cursor: the pointer's or the keyboard's slice, read out
	await tab.page.focus(".timeline-box");
	await tab.press("Home");
	const said = () => tab.texts(`${line} .said`);
	await tab.page.waitForFunction((one) => document.querySelector(one).textContent !== "", `${line} .said`);
	check(info.timeline.map((one) => units.bytes(one.live_bytes)).includes((await said())[0]), "a value of a slice", await said());
	await tab.frames();
	const pictures = () => tab.page.$$eval(".timeline-box canvas", (all) => all.map((one) => one.toDataURL()));
	const before = await pictures();
	equal(before.length, 2, "two plots");
	await tab.click(`${line} >> nth=2`);
	equal(await pressed(), ["true", "true", "true"], "frees are shown");
	await tab.page.waitForFunction(() => document.querySelectorAll(".timeline-box canvas").length === 2);
	await tab.frames();
	const after = await pictures();
	check(after[0] === before[0] && after[1] !== before[1], "and painted");
	check((await tab.hash()).includes("hide=none"), "which the URL says", await tab.hash());
	await tab.page.focus(`${line} >> nth=0`);
	await tab.press("Enter");
	equal(await pressed(), ["false", "true", "true"], "by the keyboard too");
	check(await tab.page.evaluate((all) => document.activeElement === document.querySelectorAll(all)[0], line), "and the focus stays");
	await tab.go("#/timeline");
}

/** Where esc was built without uPlot. */
async function plotless(tab, cells) {
	if (!tab.origin.startsWith("http"))
		return;
	const other = await Tab.open({ origin: tab.origin });
	await other.context.addCookies(await tab.context.cookies());
	await other.page.route("**/plot.js", (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
	await other.open(`${tab.origin}/#/timeline`);
	const said = await other.page.$eval("main", (main) => main.innerText);
	check(said.includes("without uPlot") && await other.page.locator("main .flame-under tbody tr").first().isVisible(),
		"without uPlot it says so, and has the table", said);
	await other.page.focus(".timeline-box");
	await other.press("Home", "Shift+End");
	await range_holds(other, cells, "range without a plot");
	await other.blameless("without uPlot");
	await other.close();
}

export async function timeline(tab, { file, info }) {
	const cells = json("export", "--format=cells", file);
	await tab.go("#/timeline");
	check(!(await tab.texts("main .flame-note")).join().includes("runs"), "of one run nothing is said of runs");
	await open_tables(tab);
	const rows = await cells_of(tab, "main .flame-under tbody tr");
	if (info.timeline.length <= 64)
		equal(rows.map((row) => row.slice(2)), info.timeline.map((one) =>
			[units.bytes(one.live_bytes), units.count(one.allocations), units.count(one.frees)]), "slices");
	else
		check(rows.some((row) => row[2] === units.bytes(Math.max(...info.timeline.map((one) => one.live_bytes)))), "the peak", rows);
	await tab.page.focus(".timeline-box");
	await tab.press("Home", "Shift+ArrowRight", "Shift+ArrowRight");
	let some = await range_holds(tab, cells, "range by keys");
	if (some === 0) { // a busy machine starts a program for so long that these have no allocation
		await tab.go("#/timeline");
		await tab.page.focus(".timeline-box");
		await tab.press("Home", "Shift+End");
		some = await range_holds(tab, cells, "range to the end");
	}
	check(some > 0 && some <= sum(info.verdicts, "blocks"), "of some", some);
	const flame = (await tab.hash()).replace(/^#\/\w+/, "#/flame");
	await tab.go(flame);
	check((await tab.texts(".flame-note")).join().includes(units.count(some)), "the flame graph follows", await tab.texts(".flame-note"));
	await tab.press("x");
	await tab.go("#/timeline");
	await drag(tab, ".timeline-box", [0.3, 0.3], [0.7, 0.3]);
	await range_holds(tab, cells, "range by a drag");
	await tab.go("#/timeline");
	check((await tab.hash()) === "#/timeline", "a link without a range has none");
	await drag(tab, ".timeline-box", [0.3, 0.3], [0.7, 0.3]);
	await tab.page.focus(".timeline-box");
	await tab.press("Escape");
	check(!(await tab.hash()).includes("from="), "Escape removes the range", await tab.hash());
	await zoom(tab, info);
	await legend(tab, info);
	await plotless(tab, cells);
}

async function box_holds(tab, heat, what) {
	const found = /^(\d+)-(\d+),(-?\d+)-(-?\d+)$/.exec((await parameters(tab)).heat);
	if (!check(found, `${what}: a box`, await tab.hash()))
		return;
	const [, s0, s1, l0, l1] = found.map(Number);
	const { size, life } = heat.cells;
	const inside = (column) => column.filter((_, at) => size[at] >= s0 && size[at] <= s1 && (life[at] ?? -1) >= l0 && (life[at] ?? -1) <= l1)
		.reduce((a, b) => a + b, 0);
	check(inside(heat.cells.blocks) > 0, `${what}: blocks`, found[0]);
	await sites_say(tab, inside(heat.cells.blocks), inside(heat.cells.bytes), what);
}

// What was never freed stands last: where a window is narrow cells are, before it is cut.
async function heat_fits(tab, { cells: { life } }) {
	const size = tab.page.viewportSize();
	const lives = life.filter((one) => (one ?? -1) >= 0);
	const columns = Math.max(...lives) - Math.min(...lives) + 2;
	const [wide, was] = await tab.page.$eval(".heat-box", (box) => [innerWidth - box.clientWidth, box.querySelector("canvas").width]);
	await tab.page.setViewportSize({ width: 104 + columns * 18 + wide, height: size.height });
	await tab.page.waitForFunction((before) => document.querySelector(".heat-box canvas").width !== before, was);
	const cut = await tab.page.$eval(".heat-box", (box) => box.scrollWidth - box.clientWidth);
	check(cut <= 0, "cells fit", [cut, columns]);
	await tab.page.setViewportSize(size);
}

export async function heat(tab, { file }) {
	const doc = json("export", "--format=heat", file);
	await tab.go("#/heat");
	const note = (await tab.texts("main .flame-note")).join();
	const all = doc.cells.blocks.reduce((a, b) => a + b, 0);
	check(note.includes(units.count(all)), "all blocks", [note, all]);
	await tab.page.focus(".heat-box");
	await tab.press("Enter");
	await box_holds(tab, doc, "a cell");
	await tab.back();
	await tab.page.focus(".heat-box");
	await tab.press("Shift+ArrowRight", "Shift+ArrowUp");
	await box_holds(tab, doc, "a box by keys");
	await tab.press("x");
	await tab.go("#/heat");
	const box = await tab.page.locator(".heat-box").boundingBox();
	await drag(tab, ".heat-box", [110 / box.width, 56 / box.height], [0.9, (box.height - 60) / box.height]);
	await box_holds(tab, doc, "a box by a drag");
	await tab.press("x");
	await tab.go("#/heat");
	await heat_fits(tab, doc);
}

export async function sandwich(tab, { file }) {
	const totals = new Map();
	for (const path of paths_of(file))
		for (const key of new Set(path.frames.map((frame) => `${frame.function}\n${frame.path}`)))
			totals.set(key, (totals.get(key) ?? 0) + path.blocks);
	await tab.go("#/sandwich");
	const rows = await cells_of(tab, "main .sandwich-list .rows .row");
	check(rows.length >= Math.min(5, totals.size), "functions", rows.length);
	for (const [name, module, , total] of rows.slice(0, 12)) {
		const wanted = [...totals].filter(([key]) => text.visible(key.split("\n")[0]) === name && text.base(key.slice(key.lastIndexOf("\n") + 1)) === module);
		check(wanted.some(([, blocks]) => units.count(blocks) === total), `total of ${name}`, [total, wanted]);
	}
	equal((await tab.texts("main .flame-bar .dim"))[0], `${totals.size} function${totals.size === 1 ? "" : "s"}`, "how many functions");
	await tab.page.focus("main .sandwich-list .grid");
	await tab.press("Home", "ArrowDown", "Enter");
	check((await tab.hash()).includes("fn="), "Enter chooses", await tab.hash());
	check((await tab.texts("main h3.middle")).join().includes(rows[1][0]), "the one in the middle", await tab.texts("main h3.middle"));
	await tab.back();
	check(!(await tab.hash()).includes("fn="), "back");
	const search = tab.page.locator("main input.find");
	await search.fill(rows[0][0].slice(0, 20));
	await tab.typed("find", rows[0][0].slice(0, 20));
	check((await cells_of(tab, "main .sandwich-list .rows .row")).some((row) => row[0] === rows[0][0]), "search finds");
}

/** Two runs: what each did is what `esc info` says of it. */
export async function compare(tab, first, second) {
	await tab.go("#/compare");
	const rows = await cells_of(tab, "main table.sides tbody tr");
	const row = (title) => rows.find(([name]) => name === title)?.slice(1, 3);
	const both = [first.info.run, second.info.run];
	equal(row("Allocations"), both.map((run) => units.count(run.allocations)), "allocations");
	equal(row("Allocated"), both.map((run) => units.bytes(run.bytes)), "bytes");
	equal(row("Live at the peak"), both.map((run) => units.bytes(run.peak_bytes)), "peak");
	equal(row("In malloc and free"), both.map((run) => units.ns(run.cost_ns)), "time");
	await tab.go("#/flame?diff=1");
	const note = (await tab.texts(".flame-note")).join();
	for (const { info } of [first, second])
		check(note.includes(units.count(sum(info.verdicts, "blocks"))), "the difference has both", [note, sum(info.verdicts, "blocks")]);
	await tab.go("#/sites?run=2");
	equal((await tab.texts("#facts"))[0].split(", ")[1], `${units.count(second.info.run.allocations)} allocations`, "the second run alone");
	await tab.go("#/compare");
	await tab.page.selectOption('select[data-key="run"]', "2");
	await tab.settled();
	check((await tab.hash()).includes("run=2"), "the run can be chosen");
}

/** ... and what changed is what `esc diff` says. */
export async function changes(tab, first, second) {
	const diff = json("diff", "--format=json", first.file, second.file);
	await tab.go("#/compare");
	const note = (await tab.texts("main .flame-note")).join();
	const kinds = new Map();
	for (const { state } of diff.changes)
		kinds.set(state, (kinds.get(state) ?? 0) + 1);
	for (const [state, found] of kinds)
		check(note.includes(`${units.count(found)} ${state}`), `changes: ${state}`, [note, found]);
	check(kinds.size > 0, "changes");
	const said = async (hash) => {
		await tab.go(hash);
		return (await tab.texts("main .flame-note span")).reduce((all, one) => all + (Number(/^\S (\d+) /.exec(one)?.[1]) || 0), 0);
	};
	const { verdict_a: verdict, module } = diff.changes.find((one) => one.verdict_a);
	const of = (passes) => diff.changes.filter(passes).length;
	check(of((one) => one.verdict_a !== verdict) > 0, "verdicts differ");
	equal(await said(`#/compare?verdict=${verdict}`), of((one) => one.verdict_a === verdict || one.verdict_b === verdict), "of a verdict");
	check((await tab.texts("main > .view > .dim, main .compare > .dim")).join().includes("whole run"), "and what is above is whole");
	equal(await said(`#/compare?module=${encodeURIComponent(module)}`), of((one) => one.module === module), "of a module");
	equal(await said(`#/compare?q=${encodeURIComponent(text.base(module))}`),
		of((one) => ["function", "file", "module"].some((key) => one[key].toLowerCase().includes(text.base(module)))), "searched by module");
	await tab.go("#/compare?q=no+such+thing");
	equal((await tab.texts("main .flame-note")).join(), "No site is like that.", "of no site");
	await tab.press("x");
	check((await cells_of(tab, "main .changes .rows .row")).every(([, , , where]) => where !== ""), "where each is");
	await tab.page.focus("main .changes .grid");
	await tab.press("Home", "Enter");
	check((await tab.hash()).startsWith("#/site?"), "a change leads to its site", await tab.hash());
	await tab.back();
}
