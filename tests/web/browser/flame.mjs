// The flame graph, held against the database's own paths, which are added up here anew.
import { check, equal, json, until } from "./lib.mjs";
import { text, units } from "./truth.mjs";

const COLUMN = { blocks: "blocks", bytes: "bytes", cost_ns: "cost", live: "live" };

function rows(file, sql) {
	return json("query", "--format=json", file, sql);
}

/** By path its frames, outermost first, and its weights. */
export function paths_of(file) {
	const stacks = new Map(rows(file, "SELECT k.id, k.parent, k.frame, f.function, f.wrapper, m.path FROM stack k " +
		"JOIN frame f ON f.id = k.frame JOIN module m ON m.id = f.module").map((one) => [one.id, one]));
	return rows(file, "SELECT p.stack, p.blocks, p.bytes, p.cost, p.live FROM path p").map((path) => {
		const frames = [];
		for (let at = stacks.get(path.stack); at; at = stacks.get(at.parent))
			frames.push(at);
		// innermost wrappers of malloc are not whom anybody looks for
		const own = Math.max(0, frames.findIndex((one) => !one.wrapper));
		return { ...path, frames: frames.slice(own).reverse() };
	});
}

/** {name, total, parts, children: Map}; inverted: the allocating function first. */
function tree_of(paths, metric, inverted) {
	const made = (name) => ({ name, total: 0, parts: 0, children: new Map() });
	const root = made("all");
	const add = (node, value) => { node.total += value; node.parts++; };
	for (const path of paths) {
		const value = path[COLUMN[metric]];
		if (!(value > 0))
			continue;
		let node = root;
		add(node, value);
		for (const frame of inverted ? [...path.frames].reverse() : path.frames) {
			const key = `${frame.function}\n${frame.path}`;
			if (!node.children.has(key))
				node.children.set(key, made(frame.function));
			node = node.children.get(key);
			add(node, value);
		}
	}
	return root;
}

const heaviest = (node) => [...node.children.values()].sort((a, b) => b.total - a.total);
const said = (tab) => tab.page.textContent(".flame-now");

// "NAME, WHERE: VALUE, SHARE of all, mostly VERDICT, N frames under it"
async function same(tab, node, root, metric, what) {
	const now = await said(tab);
	const show = units.METRICS[metric].show;
	if (node !== root)
		check(now.startsWith(`${text.visible(node.name)}`), `${what}: name`, [now, node.name]);
	// the document has each path rounded
	const around = [0, -node.parts / 2, node.parts / 2].map((error) => `: ${show(node.total + error)}, `);
	check(around.some((one) => now.includes(one)), `${what}: value`, [now, around]);
	const shares = [0, -1, 1].map((error) =>
		`, ${units.share(node.total + error * node.parts / 2, root.total - error * root.parts / 2)} of all`);
	check(node === root ? now.includes(", 100% of all") : shares.some((one) => now.includes(one)), `${what}: share`,
		[now, node.total, root.total]);
	check(new RegExp(`, ${node.children.size} frames? under it$`).test(now), `${what}: frames under it`,
		[now, node.children.size]);
}

/** From the root inwards, always to the heaviest, by keys alone. */
async function walk(tab, paths, metric, inverted, levels) {
	const root = tree_of(paths, metric, inverted);
	await tab.go(`#/flame?${metric === "blocks" ? "" : `metric=${metric}&`}${inverted ? "invert=1" : ""}`);
	await tab.page.focus(".flame-box");
	let node = root;
	for (let level = 0; level < levels; level++) {
		await same(tab, node, root, metric, `${metric}${inverted ? ", inverted" : ""}, level ${level}`);
		const below = heaviest(node);
		// equally heavy ones stand in an order that is the page's own
		if (below.length === 0 || (below.length > 1 && below[0].total === below[1].total))
			break;
		node = below[0];
		await tab.press("ArrowDown");
	}
	return root;
}

async function zoom(tab) {
	await tab.go("#/flame");
	await tab.page.focus(".flame-box");
	await tab.press("ArrowDown", "ArrowDown", "Enter");
	const inside = await tab.hash();
	check(inside.includes("at="), "Enter zooms", inside);
	check((await tab.texts(".flame-note")).join().includes("zoomed to"), "and says so");
	await tab.press("Escape");
	check(await tab.hash() !== inside, "Escape zooms out", await tab.hash());
	await tab.back();
	equal(await tab.hash(), inside, "back zooms in again");
	await tab.back();
	check(!(await tab.hash()).includes("at="), "and back out");
	const box = await tab.page.locator("main canvas").first().boundingBox();
	await tab.page.mouse.move(box.x + box.width / 2, box.y + 27);
	await until(() => tab.page.isVisible("#tip"), "a tip");
	check(/of all/.test(await tab.page.textContent("#tip")), "which says how much");
	await tab.page.mouse.move(2, 2);
	await until(() => tab.page.isHidden("#tip"), "and goes");
	await tab.page.mouse.click(box.x + box.width / 2, box.y + 45);
	await tab.settled();
	check((await tab.hash()).includes("at="), "a click zooms");
	await tab.back();
}

async function search(tab, root) {
	const name = heaviest(heaviest(root)[0] ?? root)[0]?.name ?? heaviest(root)[0].name;
	await tab.go("#/flame");
	await tab.press("h");
	await tab.page.keyboard.type(name.slice(0, 40));
	await tab.typed("find", name.slice(0, 40));
	const note = (await tab.texts(".flame-note")).join();
	check(/is on \S+% of it/.test(note), "search says on how much", note);
	await tab.press("Escape");
}

/** Pixels that are not the background's. */
const painted = (tab) => tab.page.$eval("main canvas", (canvas) => {
	const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
	const context = copy.getContext("2d", { willReadFrequently: true });
	context.drawImage(canvas, 0, 0);
	const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
	let some = 0;
	for (let at = 3; at < data.length; at += 4)
		some += data[at] ? 1 : 0;
	return some / (data.length / 4);
});

/** Blocks and sites by the thread that allocated them, by the database's own rows: sites of
 *  one place are one, as reports have them. */
export function threads_of(file) {
	return rows(file, "SELECT t.number, sum(c.blocks) AS blocks, sum(c.bytes) AS bytes, " +
		"count(DISTINCT f.function || '|' || f.file || '|' || f.line || '|' || f.column || '|' || m.path) AS sites " +
		"FROM path_cell c JOIN thread t ON t.id = c.thread JOIN site s ON s.id = c.site JOIN frame f ON f.id = s.frame " +
		"JOIN module m ON m.id = f.module GROUP BY t.number ORDER BY t.number");
}

// Below the root stands each thread, with what it allocated.
async function by_thread(tab, { file }) {
	const threads = threads_of(file);
	const all = threads.reduce((sum, one) => sum + one.blocks, 0);
	await tab.go("#/flame?split=thread");
	await tab.page.focus(".flame-box");
	await tab.press("ArrowDown");
	const seen = new Set();
	for (let before; before !== await said(tab);) {
		before = await said(tab);
		await tab.press("ArrowLeft");
	}
	while (!seen.has(await said(tab))) {
		seen.add(await said(tab));
		await tab.press("ArrowRight");
	}
	for (const { number, blocks } of threads.filter((one) => one.blocks > all / 50))
		check([...seen].some((one) => new RegExp(`^thread ${number}\\b`).test(one) && one.includes(`: ${units.count(blocks)}, `)),
			`by thread: ${number}`, [[...seen], blocks]);
	check(threads.length > 0 && seen.size <= threads.length + 2, "by thread: how many", [...seen]);
}

export async function flame(tab, truth) {
	const paths = paths_of(truth.file);
	let root;
	for (const metric of ["blocks", "bytes", "cost_ns", "live"].filter((one) => paths.some((path) => path[COLUMN[one]] > 0)))
		for (const inverted of [false, true])
			root = await walk(tab, paths, metric, inverted, 10);
	root = tree_of(paths, "blocks", false);
	await by_thread(tab, truth);
	await tab.go("#/flame");
	await until(async () => await painted(tab) > 0.05, "something is painted", () => painted(tab));
	await zoom(tab);
	await search(tab, root);
	await tab.go("#/flame");
	await tab.press("i");
	check((await tab.hash()).includes("invert=1"), "i turns it inside out");
	await tab.page.setViewportSize({ width: 700, height: 500 });
	await tab.page.waitForFunction(() => innerWidth === 700);
	await tab.frames();
	await until(async () => await painted(tab) > 0.01, "painted anew when the window shrinks", () => painted(tab));
	await tab.page.setViewportSize({ width: 1280, height: 800 });
	await tab.go("#/flame");
	await tab.page.focus(".flame-box");
	await tab.press("ArrowDown", "o");
	check((await tab.hash()).startsWith("#/site?"), "o opens the site", await tab.hash());
	await tab.back();
}
