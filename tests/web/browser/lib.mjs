// What every walk through the page needs: checks that are counted and printed, esc's commands
// and its server, a browser's tab that tells of all it should not have done.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

export const HANG = 180000; // ms; no machine is so slow
export const esc = process.env.ESC;
export const shots = process.env.SHOTS;

const modules = createRequire(`${process.env.NODE_MODULES}/`);
const { chromium } = modules("playwright-core");
const axe = modules("axe-core");

const counts = { good: 0, bad: 0 };

/** Counts; prints what is wrong, with what was found. */
export function check(is, what, found) {
	if (is) {
		counts.good++;
		return true;
	}
	counts.bad++;
	const more = found === undefined ? "" : `: ${JSON.stringify(found).slice(0, 2000)}`;
	console.log(`FAIL: ${where} ${what}${more}`);
	return false;
}

export function equal(got, wanted, what) {
	return check(JSON.stringify(got) === JSON.stringify(wanted), what, { got, wanted });
}

/** A check of what comes, late where the machine is busy; found() is asked when it does not. */
export async function until(is, what, found = () => undefined) {
	for (const end = Date.now() + HANG; Date.now() < end;) {
		if (await is())
			return check(true, what);
		await sleep(50);
	}
	return check(false, what, await found());
}

/** A demand of so many ms (or so): printed, since others use this machine too; what fails is
 * a hang. */
export function speed(what, value, demand, unit = "ms") {
	const text = `${Number(value.toFixed(1))} ${unit}`;
	console.log(`speed: ${what}: ${text} (demanded: ${demand} ${unit}) ${value <= demand ? "" : "MISSED"}`);
	check(Number.isFinite(value) && value < HANG, `${what} takes ${text}`);
}

let where = "";
/** Runs the steps of a walk; one that throws is told, and the others still run. */
export async function step(name, body) {
	const before = { ...counts };
	const outer = where;
	const start = Date.now();
	where = outer ? `${outer}, ${name}:` : `${name}:`;
	try {
		await body();
	} catch (error) {
		check(false, "threw", String(error.stack ?? error).slice(0, 1500));
	}
	const checks = counts.good + counts.bad - before.good - before.bad;
	console.log(`${counts.bad > before.bad ? "not ok" : "ok"}: ${where} ` +
		`${checks} checks, ${Date.now() - start} ms`);
	check(checks > 0, "checked nothing");
	where = outer;
}

/** The process's status. */
export function result(least) {
	const all = counts.good + counts.bad;
	console.log(`${all} checks, ${counts.bad} wrong`);
	check(all >= least, `only ${all} checks of at least ${least}`);
	return counts.bad ? 1 : 0;
}

export function run(...words) {
	return execFileSync(esc, words, { encoding: "utf8", maxBuffer: 1 << 30, timeout: HANG });
}

export function json(...words) {
	return JSON.parse(run(...words));
}

const children = new Set();
process.on("exit", () => {
	for (const child of children)
		child.kill("SIGKILL");
});

/** A child that ends with us. */
export function start(program, words, options) {
	const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"], ...options });
	children.add(child);
	child.ended = new Promise((done) => {
		child.on("close", (status, signal) => {
			children.delete(child);
			done(status ?? signal);
		});
	});
	child.said = "";
	child.stderr?.on("data", (data) => { child.said += data; });
	return child;
}

/** `esc serve WORD...`: its URL; stop() ends it and says what is wrong with how. */
export async function serve(...words) {
	const started = Date.now();
	const child = start(esc, ["serve", ...words]);
	const lines = createInterface({ input: child.stdout });
	const url = await new Promise((done, fail) => {
		const hang = setTimeout(() => fail(new Error(`no URL of esc serve ${words}`)), HANG);
		lines.once("line", (line) => { clearTimeout(hang); done(line); });
		child.ended.then((status) => fail(new Error(`esc serve: ${status}: ${child.said}`)));
	});
	check(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[0-9a-f]{32}$/.test(url), "URL", url);
	return {
		url,
		started,
		origin: new URL(url).origin,
		async stop() {
			child.kill("SIGINT");
			const status = await child.ended;
			check(status === 0 && child.said === "", "end of esc serve", [status, child.said]);
		},
	};
}

let browser;
export async function open_browser() {
	browser = await chromium.launch({
		executablePath: process.env.CHROMIUM, timeout: HANG,
		// no network of its own: what it asks for beyond the page, it does not get
		// and no watchdog ends what paints because the machine is busy
		args: ["--disable-gpu-watchdog", "--disable-background-networking", "--disable-component-update",
			"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
	});
	return browser;
}

/** A tab, and what happened in it that must not. */
export class Tab {
	static async open({ scheme = "light", width = 1280, height = 800, origin, bare = false } = {}) {
		const tab = new Tab();
		tab.origin = origin;
		tab.wrong = [];
		tab.requests = [];
		tab.context = await browser.newContext({
			colorScheme: scheme, viewport: { width, height }, acceptDownloads: true,
			reducedMotion: "reduce", locale: "en-GB",
		});
		tab.context.setDefaultTimeout(HANG);
		const page = await tab.context.newPage();
		tab.page = page;
		page.on("console", (message) => {
			// a site or source that is not there is asked for, and a browser tells of each 404
			const absent = / 40[04] /.test(message.text()) && /\/api\/(site|source|diff)\?/.test(message.location().url);
			if (["error", "warning"].includes(message.type()) && !absent)
				tab.wrong.push(`console: ${message.text()} ${message.location().url}`);
		});
		page.on("pageerror", (error) => tab.wrong.push(`error: ${error.stack ?? error}`));
		page.on("crash", () => tab.wrong.push("crash"));
		page.on("dialog", (dialog) => {
			tab.wrong.push(`dialog: ${dialog.message()}`);
			dialog.dismiss();
		});
		page.on("popup", (other) => tab.wrong.push(`popup: ${other.url()}`));
		page.on("request", (request) => tab.asked(request.url()));
		await page.addInitScript(() => {
			window.violations = [];
			document.addEventListener("securitypolicyviolation", (event) => {
				window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
			});
		});
		// half a megabyte that is no part of the page: not where its speed is measured
		if (!bare)
			await page.addInitScript({ content: axe.source });
		return tab;
	}

	/** Until the page shows what its URL says: main.js tells by data-drawn. */
	async settled() {
		await this.page.waitForFunction(() => document.body.dataset.drawn === location.hash,
			undefined, { timeout: HANG });
		return this;
	}

	/** Until that is typed into a field is what the URL says: it follows late. */
	async typed(key, value) {
		await this.page.waitForFunction(([name, wanted]) =>
			new URLSearchParams(location.hash.split(/\?(.*)/s)[1]).get(name) === wanted, [key, value], { timeout: HANG });
		return this.settled();
	}

	/** Until what was put off to the next frame is done. */
	async frames() {
		await this.page.evaluate(() => new Promise((done) => {
			requestAnimationFrame(() => requestAnimationFrame(() => done()));
		}));
	}

	/** The page of that URL, from nothing. */
	async open(url) {
		await this.page.goto(url, { timeout: HANG });
		return this.settled();
	}

	/** To another state of the page, as a link in it does. */
	async go(hash) {
		await this.page.evaluate((to) => { location.hash = to; }, hash);
		return this.settled();
	}

	async back() {
		await this.page.evaluate(() => new Promise((done) => {
			addEventListener("popstate", () => done(), { once: true });
			history.back();
		}));
		return this.settled();
	}

	async forward() {
		await this.page.evaluate(() => new Promise((done) => {
			addEventListener("popstate", () => done(), { once: true });
			history.forward();
		}));
		return this.settled();
	}

	hash() {
		return this.page.evaluate(() => location.hash);
	}

	async click(selector) {
		await this.page.click(selector);
		return this.settled();
	}

	async press(...keys) {
		for (const key of keys)
			await this.page.keyboard.press(key);
		return this.settled();
	}

	/** What the elements say, without blanks at the ends. */
	texts(selector) {
		return this.page.$$eval(selector, (all) => all.map((one) => one.textContent.trim()));
	}

	asked(url) {
		this.requests.push(url);
		if (this.origin && url !== this.origin && !url.startsWith(`${this.origin}/`) && !/^(data|blob):/.test(url))
			this.wrong.push(`request to ${url}`);
	}

	/** What is wrong since it was asked last. */
	async blameless(what) {
		const violations = await this.page.evaluate(() => window.violations.splice(0));
		const found = [...this.wrong.splice(0), ...violations];
		check(found.length === 0, `${what}: page does what it must not`, found);
	}

	async shot(name) {
		mkdirSync(shots, { recursive: true });
		await this.page.screenshot({ path: `${shots}/${name}.png`, animations: "disabled" });
	}

	/** No violation that axe-core knows. */
	async accessible(what) {
		const found = await this.page.evaluate(async () => {
			const results = await window.axe.run(document, { resultTypes: ["violations"] });
			return results.violations.map((violation) => ({
				id: violation.id, impact: violation.impact, help: violation.help,
				nodes: violation.nodes.slice(0, 4).map((node) =>
					`${node.html.slice(0, 160)} ${node.any.concat(node.all).map((one) => one.message).join("; ").slice(0, 160)}`),
				count: violation.nodes.length,
			}));
		});
		for (const violation of found)
			check(false, `${what}: axe ${violation.impact} ${violation.id} (${violation.count})`,
				[violation.help, violation.nodes]);
		check(true, what);
	}

	async close() {
		await this.context.close();
	}
}
