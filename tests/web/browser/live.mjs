// A program that is still running: the page says so, its numbers grow, and settle when it
// has ended, at what the commands say.
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { check, equal, esc, HANG, run, serve, start, step, Tab, until } from "./lib.mjs";
import { truth, units } from "./truth.mjs";

/** The page's facts, as often as they change. */
async function changes(tab, wanted) {
	const seen = [];
	const end = Date.now() + HANG;
	while (seen.length < wanted && Date.now() < end) {
		const facts = await tab.page.textContent("#facts");
		if (facts && facts !== seen.at(-1))
			seen.push(facts);
		await sleep(100);
	}
	return seen;
}

async function settle(tab, facts) {
	await tab.page.waitForFunction((wanted) =>
		document.getElementById("facts").textContent.trim() === wanted, facts, { timeout: HANG })
		.catch(async () => check(false, "settles at what the commands say", [await tab.page.textContent("#facts"), facts]));
}

/** It is there for a moment before it is a trace. */
function is_begun(trace) {
	try {
		return existsSync(trace) && JSON.parse(run("info", "--format=json", trace)).run.allocations > 100;
	} catch {
		return false;
	}
}

export async function live(work) {
	const trace = `${work}/live.esc`;
	const program = start(esc, ["record", "-q", "--full", "-o", trace, "--", `${work}/workers`, "0"],
		{ stdio: ["pipe", "ignore", "pipe"] });
	for (const end = Date.now() + HANG; !is_begun(trace) && Date.now() < end;)
		await sleep(100);
	const server = await serve(trace);
	const tab = await Tab.open({ origin: server.origin });
	await step("running", async () => {
		await tab.open(server.url);
		check(await tab.page.isVisible("#top .live"), "the page says that it is live");
		// not "9.00 MiB live", which is another number
		check(/, still running$/.test(await tab.page.textContent("#facts")), "and not what is live", await tab.page.textContent("#facts"));
		const seen = await changes(tab, 3);
		check(seen.length === 3, "numbers follow the program", seen);
		await tab.shot("live");
		await tab.accessible("live");
	});
	await step("another view meanwhile", async () => {
		await tab.go("#/sites?verdict=stack");
		await changes(tab, 2);
		equal(await tab.hash(), "#/sites?verdict=stack", "the choice stays");
		await until(async () => await tab.page.locator(".grid .rows .row").count() > 0, "rows");
	});
	await step("what is unfolded stays so", async () => {
		await tab.go("#/sites");
		await tab.press("Escape");
		await tab.page.focus(".grid");
		await tab.press("Home", "Enter");
		const folds = () => tab.page.$$eval("main details", (all) => all.map((one) => one.open));
		await tab.page.waitForSelector("main .paths details > summary", { timeout: HANG });
		const last = tab.page.locator("main details:not(details details)").last();
		const was = await last.evaluate((one) => one.open);
		await last.locator("summary").first().click();
		await tab.page.$eval("#view", (view) => { view.firstElementChild.dataset.old = "1"; });
		await tab.page.waitForSelector("#view > .view:not([data-old])", { timeout: HANG });
		equal(await tab.page.locator("main details:not(details details)").last().evaluate((one) => one.open), !was,
			"what somebody opened", await folds());
		check(await tab.page.evaluate(() => document.activeElement?.localName === "summary"), "the focus stays");
	});
	await step("what is unfolded while it is drawn anew, too", async () => {
		const last = () => tab.page.locator("main details:not(details details)").last();
		let release;
		const held = new Promise((done) => { release = done; });
		const asked = new Promise((done) => {
			tab.page.route("**/api/site?*", async (route) => {
				done();
				await held;
				await route.continue();
			});
		});
		await asked;
		const was = await last().evaluate((one) => one.open);
		await last().locator("summary").first().click();
		await tab.page.$eval("#view", (view) => { view.firstElementChild.dataset.old = "1"; });
		release();
		await tab.page.waitForSelector("#view > .view:not([data-old])", { timeout: HANG });
		equal(await last().evaluate((one) => one.open), !was, "what somebody opened");
		await tab.page.unrouteAll({ behavior: "wait" });
	});
	await step("ended", async () => {
		program.stdin.end();
		equal(await program.ended, 0, "program");
		const end = truth(trace).info.run;
		await settle(tab, `${units.ns(end.duration_ns)}, ${units.count(end.allocations)} allocations, ${units.bytes(end.bytes)}`);
		await tab.page.waitForSelector("#top .live", { state: "detached", timeout: HANG });
		check(true, "it is no longer live");
		await tab.blameless("live");
	});
	await tab.close();
	await server.stop();
}
