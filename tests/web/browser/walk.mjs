// Walks through the page in a real browser. WALKS names those to do; all by default. What
// browser.test made is in WORK: databases and traces of real programs, a large one, one
// with hostile names.
import process from "node:process";
import { pathToFileURL } from "node:url";
import { statSync } from "node:fs";
import { check, equal, open_browser, result, run, serve, step, Tab } from "./lib.mjs";
import { changes, compare } from "./graphs.mjs";
import { hostile } from "./hostile.mjs";
import { live } from "./live.mjs";
import { look, narrow, paper } from "./look.mjs";
import { large } from "./speed.mjs";
import { truth } from "./truth.mjs";
import { views } from "./views.mjs";

const work = process.env.WORK;

/** A server of these files, and a tab that shows it, for the body. */
async function served(names, body) {
	const server = await serve(...names.map((name) => `${work}/${name}`));
	const tab = await Tab.open({ origin: server.origin });
	try {
		await tab.open(server.url);
		equal(new URL(tab.page.url()).search, "", "no token stays in the URL");
		await body(tab, server);
		await tab.blameless(names.join());
	} finally {
		await tab.close();
		await server.stop();
	}
}

/** The same from one file, on disk: no request but that for it. */
async function filed(names, body) {
	const out = `${work}/page.html`;
	run("serve", "-f", `--html=${out}`, ...names.map((name) => `${work}/${name}`));
	console.log(`size: --html of ${names}: ${statSync(out).size} bytes`);
	const url = pathToFileURL(out).href;
	const tab = await Tab.open({ origin: url });
	try {
		await tab.open(url);
		await body(tab);
		equal(tab.requests.filter((one) => !/^(data|blob):/.test(one)).length, 1, "one request");
		await tab.blameless(`file of ${names}`);
	} finally {
		await tab.close();
	}
}

const HAS_DIFF = /^  diff /m.test(run("--help"));
const of = (name) => truth(`${work}/${name}`);

const WALKS = {
	sqlite: () => served(["sqlite.esc.db"], (tab) => views(tab, of("sqlite.esc.db"))),
	cc1plus: () => served(["cc1plus.esc.db"], (tab) => views(tab, of("cc1plus.esc.db"),
		["summary", "flame", "sandwich", "timeline", "heat"])),
	workers: () => served(["workers.esc.db"], (tab) => views(tab, of("workers.esc.db"))),
	compare: () => served(["sqlite.esc.db", "sqlite2.esc.db"], async (tab) => {
		const both = ["sqlite.esc.db", "sqlite2.esc.db"].map(of);
		await step("two runs", () => compare(tab, ...both));
		if (HAS_DIFF)
			await step("changes", () => changes(tab, ...both));
		await look(tab, both[0], "two", ["summary", "flame", "compare"]);
	}),
	sampled: () => served(["sqlite.esc.db", "sampled.esc.db"], async (tab) => {
		await step("a full run beside a sampled one", async () => {
			for (const [hash, wanted] of [["#/compare", true], ["#/flame?diff=1", true], ["#/flame", false], ["#/sites", false]]) {
				await tab.go(hash);
				equal(/The other run: Estimates: /.test(await tab.page.textContent("#banner")), wanted, `${hash}: says what is estimated`);
			}
			await tab.go("#/compare?run=2");
			check(/^Estimates: /.test(await tab.page.textContent("#banner")), "of the run that is chosen");
			const titles = await tab.page.$$eval("main .sides .code", (all) => all.map((one) => [one.title, one.textContent]));
			check(titles.length === 2 && titles.every(([title, said]) => title === said && said.length > 10), "commands, whole in their titles", titles);
		});
	}),
	merged: () => served(["merged.db"], async (tab) => {
		await step("several runs", async () => {
			await tab.go("#/timeline");
			const note = (await tab.texts("main .flame-note")).join();
			check(note.startsWith("Of the first of 2 runs alone (sqlite3). "), "whose time line it is", note);
			await tab.go("#/threads");
			const prose = (await tab.texts("main .prose")).join();
			check(prose.endsWith(" Threads of one number, in several runs, are one here."), "whose threads they are", prose);
		});
	}),
	look: async () => {
		await served(["cc1plus.esc.db"], (tab) => look(tab, of("cc1plus.esc.db"), "cc1plus"));
		await served(["workers.esc.db"], async (tab) => {
			await look(tab, of("workers.esc.db"), "workers", ["summary", "site", "source", "threads", "timeline"]);
			await narrow(tab, of("workers.esc.db"), "workers");
			await paper(tab, of("workers.esc.db"), "workers");
		});
	},
	file: async () => {
		await filed(["workers.esc.db"], (tab) => views(tab, of("workers.esc.db"),
			["summary", "parts", "sites", "site", "source", "flame", "timeline", "heat", "threads", "page"]));
		await filed(["names/symbols.esc.db"], (tab) => hostile(tab, of("names/symbols.esc.db"), 5));
	},
	names: async () => {
		await served(["names/symbols.esc.db"], (tab) => hostile(tab, of("names/symbols.esc.db")));
		await served(["names/debug.esc.db"], (tab) => hostile(tab, of("names/debug.esc.db"), 5));
	},
	speed: async () => {
		const start = Date.now();
		const server = await serve(`${work}/large.db`);
		console.log(`speed: esc serve, until its URL: ${Date.now() - start} ms`);
		await large(server);
		await server.stop();
	},
	live: () => live(work),
};

const wanted = process.env.WALKS ? process.env.WALKS.split(" ") : Object.keys(WALKS);
const browser = await open_browser();
console.log(`browser: ${browser.version()}`);
for (const name of wanted)
	await step(name, WALKS[name]);
check(browser.isConnected(), "the browser lives");
await browser.close();
process.exit(result(process.env.WALKS ? 1 : 2000));
