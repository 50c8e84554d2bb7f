// What is around the views: keys, tabs, themes, the help, exports.
import { check, equal, HANG } from "./lib.mjs";

const ORDER = ["summary", "sites", "site", "source", "flame", "sandwich", "timeline", "heat", "threads"];

async function keys(tab) {
	await tab.go("#/help");
	let said = await tab.page.textContent("#status");
	for (const [at, name] of ORDER.entries()) {
		await tab.page.evaluate(() => document.activeElement?.blur());
		await tab.press(String(at + 1));
		check(new RegExp(`^#/${name}\\b`).test(await tab.hash()), `key ${at + 1}`, await tab.hash());
		const was = said;
		said = await tab.page.textContent("#status");
		check(said && said !== was, `${name}: a screen reader is told`, [said, was]);
		const current = await tab.page.$$eval("#views a[aria-current]", (all) => all.map((one) => one.getAttribute("href")));
		check(current.length === 1 && current[0].startsWith(`#/${name}`), "one tab is current", current);
	}
	await tab.press("?");
	check((await tab.hash()).startsWith("#/help"), "key ?");
	for (let at = ORDER.length - 1; at >= 0; at--) {
		await tab.back();
		check((await tab.hash()).startsWith(`#/${ORDER[at]}`), `back to ${ORDER[at]}`, await tab.hash());
	}
}

/** Tab alone reaches everything; what has the focus can be seen. */
async function tabs(tab) {
	await tab.go("#/sites");
	await tab.page.focus("#skip"); // the first
	const reached = new Set(["skip"]);
	for (let at = 0; at < 80; at++) {
		await tab.page.keyboard.press("Tab");
		const one = await tab.page.evaluate(() => {
			const found = document.activeElement;
			const style = getComputedStyle(found);
			const box = found.getBoundingClientRect();
			return found === document.body ? null : {
				id: found.id || found.getAttribute("aria-label") || found.textContent.slice(0, 30), role: found.getAttribute("role"),
				seen: box.width > 0 && box.height > 0 && (style.outlineStyle !== "none" || style.boxShadow !== "none"),
			};
		});
		if (!one)
			break;
		check(one.seen, "what has the focus can be seen", one);
		reached.add(one.role === "grid" ? "grid" : one.id);
	}
	for (const wanted of ["skip", "theme", "q", "grid", "Sites", "stack"])
		check(reached.has(wanted), `Tab reaches ${wanted}`, [...reached]);
}

async function theme(tab) {
	const shown = () => tab.page.evaluate(() => [document.documentElement.dataset.theme, getComputedStyle(document.documentElement).backgroundColor]);
	const seen = [];
	for (const colorScheme of ["dark", "light"]) {
		await tab.page.emulateMedia({ colorScheme });
		await tab.page.waitForFunction((wanted) => document.documentElement.dataset.theme === wanted, colorScheme)
			.catch(() => check(false, `follows the system's theme: ${colorScheme}`));
		seen.push((await shown())[1]);
	}
	check(seen[0] !== seen[1], "the themes differ", seen);
	for (const wanted of ["light", "dark", "light"]) { // light, dark, as the system
		await tab.page.click("#theme");
		equal((await shown())[0], wanted, "chosen theme");
	}
}

async function help(tab) {
	await tab.go("#/help");
	const said = await tab.page.$eval("main", (main) => main.innerText);
	for (const word of ["stack", "buffer", "caller", "reuse", "mixed", "large", "heap", "thread", "live", "unknown", "owner", "site"])
		check(said.includes(word), `help says ${word}`);
	equal((await tab.texts("main kbd")).filter((key) => /^[1-9]$/.test(key)).join(""), "123456789", "help has the keys");
	if (!tab.origin.startsWith("http"))
		return;
	const links = await tab.page.$$eval("main a[download]", (all) => all.map((one) => [one.textContent, one.href]));
	check(links.length >= 6, "exports", links);
	for (const [name, href] of links) {
		const answer = await tab.page.request.get(href, { timeout: HANG });
		const body = await answer.body();
		check(answer.ok() && body.length > 0 && /^attachment; filename="?[-A-Za-z0-9._]+"?$/.test(answer.headers()["content-disposition"] ?? ""),
			`export ${name}`, [answer.status(), answer.headers()["content-disposition"], body.length]);
	}
}

// What nobody would type.
async function odd(tab) {
	for (const hash of ["#/nowhere", "#", "#/sites?verdict=nonsense", "#/sites?from=x&to=-1&heat=9", "#/sites?sort=%00+down",
		"#/flame?at=%F0%9F%98%80/x/y&find=(", "#/flame?find=/(/", "#/heat?heat=99-1,5--3", "#/timeline?from=9e99&to=1", "#/sandwich?fn=",
		"#/source?path=/etc/passwd", "#/source?path=%00", "#/threads?thread=abc", "#/site?id=-1", "#/sites?thread=99999", "#/?run=2", "#/sites?run=7"]) {
		await tab.go(hash);
		check(await tab.page.$eval("main", (main) => main.innerText.trim().length > 0), `${hash} shows something`);
		check(!/root:x:0/.test(await tab.page.textContent("body")), "no file of others");
	}
	await tab.go("#/summary");
}

export async function page(tab) {
	await keys(tab);
	await tabs(tab);
	await theme(tab);
	await help(tab);
	await odd(tab);
}
