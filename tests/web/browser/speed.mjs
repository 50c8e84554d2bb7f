// How quick the page is with 50,000 sites and 300,000 stacks. All is printed.
import { check, equal, HANG, speed, step, Tab, until } from "./lib.mjs";

// What the first view says before all sites are there.
const EARLY = [".totals", ".grid .rows", ".cards", ".bar", ".plain-table", ".begin", "#facts", ".unseen"];

// ms from the start of the navigation until there are rows (or a view), seen by the page
// itself; what it said then is what it says when all is there.
async function first(server, hash, selector, what, { demand = 1000, isOnce = false } = {}) {
	const tab = await Tab.open({ origin: server.origin, bare: true });
	await tab.page.addInitScript(([wanted, parts]) => {
		window.said = () => parts.map((one) => document.querySelector(one)?.textContent ?? null);
		new MutationObserver((_, observer) => {
			if (!document.querySelector(wanted))
				return;
			observer.disconnect();
			requestAnimationFrame(() => setTimeout(() => { window.seen = performance.now(); }));
			window.early = window.said();
		}).observe(document, { childList: true, subtree: true });
	}, [selector, EARLY]);
	await tab.open(`${server.url}${hash}`);
	await tab.page.waitForFunction(() => window.seen);
	const [took, at] = await tab.page.evaluate(() => [window.seen, performance.timeOrigin + window.seen]);
	speed(what, took, demand);
	if (isOnce)
		console.log(`speed: ${what}: ${(at - server.started).toFixed(0)} ms since esc serve began`);
	const [early, whole] = await tab.page.evaluate(() => [window.early, window.said()]);
	check(early.some((one) => one?.length > 100), `${what}: says something early`, early);
	equal(early, whole, `${what}: and says the same later`);
	await tab.blameless(what);
	return tab;
}

const middle = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

// ms of the processor that the page's thread took for what, since it began: what others do
// on this machine is not in it.
async function spent(tab) {
	tab.session ??= await tab.page.context().newCDPSession(tab.page);
	await tab.session.send("Performance.enable", { timeDomain: "threadTicks" });
	const { metrics } = await tab.session.send("Performance.getMetrics");
	return Object.fromEntries(metrics.map(({ name, value }) => [name, value * 1000]));
}

async function scroll(tab) {
	await tab.go("#/sites");
	const before = await spent(tab);
	const frames = await tab.page.evaluate(async () => {
		const grid = document.querySelector(".grid");
		const tasks = [];
		const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((one) => one.duration)));
		observer.observe({ type: "longtask" });
		const next = () => new Promise((done) => requestAnimationFrame(done));
		const took = [];
		let blank = 0;
		let before = await next();
		for (let at = 0; at < 180; at++) {
			// slowly, by pages, by leaps
			grid.scrollTop += at < 60 ? 40 : at < 120 ? grid.clientHeight : grid.scrollHeight / 70;
			const now = await next();
			took.push(now - before);
			before = now;
			await new Promise((done) => setTimeout(done));
			const middle = grid.getBoundingClientRect();
			const seen = document.elementFromPoint(middle.left + 100, middle.top + middle.height / 2);
			blank += seen?.closest(".row") ? 0 : 1;
		}
		await new Promise((done) => setTimeout(done, 100));
		observer.disconnect();
		return { took, tasks, blank };
	});
	speed("table, middle frame of a scroll", middle(frames.took), 17);
	const after = await spent(tab);
	const each = (name) => (after[name] - before[name]) / frames.took.length;
	console.log(`speed: table, a frame of a scroll, of the processor: script ${each("ScriptDuration").toFixed(1)} ms ` +
		`(demanded: 6 ms), style ${each("RecalcStyleDuration").toFixed(1)} ms, layout ${each("LayoutDuration").toFixed(1)} ms`);
	check(each("ScriptDuration") > 0 && each("ScriptDuration") < HANG, "what a frame takes", each("ScriptDuration"));
	const late = frames.took.filter((one) => one > 50).length;
	console.log(`speed: table, frames over 50 ms: ${late} of ${frames.took.length}, longest ` +
		`${Math.max(...frames.took).toFixed(0)} ms, long tasks: ${frames.tasks.length}`);
	check(frames.blank === 0, "no gap while it scrolls", frames.blank);
}

// ms that a change of the state takes until it is drawn.
async function change(tab, what, demand, hash) {
	const took = await tab.page.evaluate(async (to) => {
		const start = performance.now();
		location.hash = to;
		while (document.body.dataset.drawn !== location.hash)
			await new Promise((done) => setTimeout(done));
		await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
		return performance.now() - start;
	}, hash);
	speed(what, took, demand);
}

const draws = (tab) => tab.page.evaluate(() => {
	const found = performance.getEntriesByName("flame-draw").map((one) => one.duration);
	performance.clearMeasures("flame-draw");
	return found;
});

async function flame(tab) {
	await change(tab, "flame, from the document to the picture", 1000, "#/flame");
	await tab.page.waitForFunction(() => performance.getEntriesByName("flame-draw").length > 0);
	const took = await draws(tab);
	const box = await tab.page.locator("main canvas").first().boundingBox();
	for (let at = 1; at < 30; at++)
		await tab.page.mouse.move(box.x + box.width * at / 30, box.y + box.height * ((at * 7) % 30) / 30);
	await tab.page.mouse.click(box.x + box.width / 3, box.y + 60);
	await tab.settled();
	for (let at = 0; at < 10; at++) {
		await tab.page.mouse.wheel(0, 120);
		await tab.frames();
	}
	for (const key of ["ArrowDown", "ArrowDown", "Enter", "Escape"]) {
		await tab.press(key);
		await tab.frames();
	}
	await tab.go("#/flame?q=cache");
	await tab.frames();
	await tab.page.setViewportSize({ width: 1500, height: 900 });
	await tab.page.waitForFunction(() => innerWidth === 1500);
	await tab.frames();
	took.push(...await draws(tab));
	console.log(`flame: ${took.length} redraws, longest ${Math.max(...took).toFixed(1)} ms`);
	check(took.length >= 5, "redraws", took.length);
	speed("flame, middle redraw", middle(took), 16);
	speed("flame, longest redraw but one", [...took].sort((a, b) => b - a)[1], 16);
}

async function weights(server) {
	const tab = await Tab.open({ origin: server.origin });
	const sizes = {};
	const wire = {}; // as they came
	const weigh = async (response) => {
		const path = new URL(response.url()).pathname;
		if (!path.startsWith("/api/") && response.ok())
			[sizes[path], wire[path]] = [(await response.body()).length, (await response.request().sizes()).responseBodySize];
	};
	// of what is still on its way when the tab is closed there is no weight
	tab.page.on("response", (response) => weigh(response).catch(() => undefined));
	await tab.open(server.url);
	// their bodies may come later
	await until(() => ["/", "/app.js", "/style.css"].every((path) => wire[path] > 0), "page, script and style", () => sizes);
	const all = Object.values(sizes).reduce((sum, one) => sum + one, 0);
	console.log(`size: ${JSON.stringify(sizes)}`);
	console.log(`size: ${all} bytes before data (demanded: less than 153600)`);
	check(all < 153600, "the page's size", all);
	await tab.go("#/timeline");
	await until(() => wire["/plot.js"] > 0, "what the time line fetches", () => wire);
	const sent = Object.values(wire).reduce((sum, one) => sum + one, 0);
	console.log(`size: with what the time line fetches ${Object.values(sizes).reduce((sum, one) => sum + one, 0)} bytes, ` +
		`as gzip ${sent} on the wire: ${JSON.stringify(wire)}`);
	check(sent < 153600, "all of the page's size as it is sent", wire);
	await tab.close();
}

export async function large(server) {
	let tab;
	await step("first view", async () => {
		await (await first(server, "#/sites", ".grid .rows .row", "sites, first rows", { isOnce: true })).close();
		await (await first(server, "", ".view", "summary")).close();
		tab = await first(server, "#/sites", ".grid .rows .row", "sites, first rows once more");
	});
	await step("size", () => weights(server));
	await step("table", () => scroll(tab));
	await step("changes", async () => {
		await change(tab, "sort by function", 400, "#/sites?sort=function+up");
		await change(tab, "search", 400, "#/sites?q=cache");
		await change(tab, "verdict", 400, "#/sites?verdict=stack");
	});
	await step("flame", () => flame(tab));
	await step("other views", async () => {
		await change(tab, "sandwich", 1500, "#/sandwich?fn=cache_reader_45");
		await change(tab, "timeline", 1000, "#/timeline");
		await change(tab, "range of time", 1500, "#/sites?from=60000000000&to=120000000000");
		await change(tab, "heat", 1000, "#/heat");
		await change(tab, "threads", 1000, "#/threads");
		await change(tab, "summary", 1000, "#/summary");
	});
	await tab.blameless("large");
	await tab.close();
}
