// Processes, phases and named threads: the summary's tables are what `esc info` says, and
// what is chosen of them what `esc report --filter` says.
import { check, equal, json } from "./lib.mjs";
import { rows } from "./sites.mjs";
import { sum, text, units } from "./truth.mjs";

const cells = (tab, title) => tab.page.$$eval(`section.${title} tbody tr`, (all) => all.map((row) =>
	[...row.children].map((cell) => cell.textContent.trim())));

async function tables(tab, { info: { processes, phases } }) {
	equal(await cells(tab, "processes"), processes.length < 2 ? [] : processes.map((one) => [String(one.pid),
		text.base(one.program), one.parent ? String(one.parent) : "–", units.ns(one.start_ns), units.count(one.threads),
		units.count(one.allocations), units.bytes(one.bytes), one.blocks > 0 ? units.share(one.share, 1) : "–"]), "processes");
	equal(await cells(tab, "phases"), phases.map((one) => [one.name, units.count(one.entered), units.ns(one.first_ns),
		units.ns(one.time_ns), units.count(one.sites), units.count(one.blocks), units.bytes(one.bytes),
		one.blocks > 0 ? units.share(one.stackable, one.blocks) : "–"]), "phases");
}

// What is chosen is what passes the filter: sites, and of these blocks and bytes.
async function chosen(tab, { file }, key, value, name) {
	const report = json("report", "--format=json", `--filter=${key}=${value}`, file);
	const totals = [units.plural(report.sites.length, "site"),
		units.plural(report.sites.reduce((all, site) => all + site.blocks.estimated, 0), "block"),
		units.bytes(report.sites.reduce((all, site) => all + site.bytes.estimated, 0))];
	equal((await tab.texts(".totals strong")).slice(0, 3), totals, `${key} ${value}: totals`);
	equal((await rows(tab)).length, report.sites.length, `${key} ${value}: rows`);
	equal((await tab.texts("#chips .chip"))[0]?.replace(/ ×$/, ""), name, `${key} ${value}: chip`);
	return report.sites.length;
}

// By the link of the summary, and by the choice that every view has.
async function choices(tab, truth, key, all) {
	let most = 0;
	for (const [at, [value, name]] of all.entries()) {
		await tab.go("#/summary");
		await tab.click(`section.${key === "process" ? "processes" : "phases"} tbody tr:nth-child(${at + 1}) a`);
		most = Math.max(most, await chosen(tab, truth, key, value, name));
		await tab.click("#chips .chip");
		check(!(await tab.hash()).includes(`${key}=`), `${key} ${value}: removed`, await tab.hash());
		await tab.page.selectOption(`select[data-key="${key}"]`, String(value));
		await tab.settled();
		await chosen(tab, truth, key, value, name);
		await tab.press("Escape", "x");
	}
	check(all.length === 0 || (most > 0 && most <= truth.sites.length), `${key}: sites`, most);
}

// What is in no phase, by the choice that every view has; another choice takes its place.
async function nophase(tab, truth) {
	await tab.go("#/sites");
	await tab.page.selectOption('select[data-key="phase"]', { label: "in none" });
	await tab.settled();
	const sites = await chosen(tab, truth, "phase", "", "in no phase");
	check(sites > 0 && sites < truth.sites.length, "some sites are in none", sites);
	const hash = await tab.hash();
	await tab.go("#/sites");
	await tab.go(hash);
	equal(await tab.page.$eval('select[data-key="phase"]', (field) => field.selectedOptions[0].textContent), "in none", "as the URL says");
	await tab.page.selectOption('select[data-key="phase"]', { label: truth.info.phases[0].name });
	await tab.settled();
	await chosen(tab, truth, "phase", truth.info.phases[0].name, `phase ${truth.info.phases[0].name}`);
	await tab.press("Escape", "x");
	check(!(await tab.hash()).includes("phase"), "all again", await tab.hash());
}

export async function parts(tab, truth) {
	const { processes, phases, threads } = truth.info;
	await tab.go("#/summary");
	await tables(tab, truth);
	await choices(tab, truth, "process", processes.length < 2 ? []
		: processes.map((one) => [one.pid, `process ${one.pid} ${text.base(one.program)}`]));
	await choices(tab, truth, "phase", phases.map((one) => [one.name, `phase ${one.name}`]));
	if (phases.length > 0)
		await nophase(tab, truth);
	for (const { number, name } of threads.filter((one) => one.name).slice(0, 2)) {
		await tab.go(`#/sites?thread=${number}`);
		equal((await tab.texts("#chips .chip"))[0], `thread ${number} ${name} ×`, "a thread's name");
		check((await tab.texts('select[data-key="thread"] option')).includes(`thread ${number} ${name}`), "and in the list");
	}
	// each block is of one process, of one phase or none
	await tab.go("#/summary?phase=nothing+is+in+it");
	check(sum(truth.sites, "blocks.estimated") > 0 && (await tab.texts(".cards strong"))[2] === "0", "a phase that is none",
		await tab.texts(".cards strong"));
	await tab.go("#/summary");
}
