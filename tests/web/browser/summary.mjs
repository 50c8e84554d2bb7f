// The summary: cards, the bar and the table of verdicts, where to begin.
import { check, equal } from "./lib.mjs";
import { sum, text, units } from "./truth.mjs";

function by_verdict(truth) {
	const found = new Map();
	for (const site of truth.sites)
		found.set(site.verdict, [...found.get(site.verdict) ?? [], site]);
	return found;
}

// By verdict what the sites say in sum: rounded each, they may differ from the sum by as
// many as there are.
function verdicts_agree(truth) {
	for (const [verdict, sites] of by_verdict(truth)) {
		const told = truth.info.verdicts.find((one) => one.verdict === verdict);
		for (const [key, of] of [["blocks", "blocks.estimated"], ["bytes", "bytes.estimated"], ["cost_ns", "cost_ns.total"]])
			check(told && Math.abs(told[key] - sum(sites, of)) <= sites.length, `info, ${verdict}, ${key}`,
				[told?.[key], sum(sites, of)]);
		equal(told?.sites, sites.length, `info, ${verdict}, sites`);
	}
}

async function cards(tab, { info: { run, verdicts } }) {
	const all = (key) => sum(verdicts, key);
	const strong = await tab.texts(".cards strong");
	equal(strong, [units.share(all("movable_blocks"), all("blocks")), units.count(run.allocations),
		units.bytes(run.bytes), units.bytes(run.peak_bytes), units.ns(run.cost_ns)], "cards");
}

async function table(tab, { info: { verdicts } }) {
	const rows = await tab.page.$$eval("section:has(.bar) .plain-table tbody tr", (all) => all.map((row) =>
		[...row.children].map((cell) => cell.textContent.trim())));
	const blocks = sum(verdicts, "blocks");
	for (const one of verdicts.filter(({ sites }) => sites > 0)) {
		const row = rows.find(([name]) => name.endsWith(one.verdict));
		equal(row?.slice(1, 6), [units.count(one.sites), units.count(one.blocks), units.share(one.blocks, blocks),
			units.bytes(one.bytes), units.ns(one.cost_ns)], `row of ${one.verdict}`);
	}
	for (const [verdict, told] of [["stack", "a library's own"], ["buffer", "a library's own"], ["heap", "do not when called from some"]]) {
		const one = verdicts.find((found) => found.verdict === verdict);
		const except = verdict === "heap" ? one?.movable_blocks : one?.blocks - one?.movable_blocks;
		if (one?.sites > 0)
			equal(rows.find(([name]) => name.endsWith(verdict)).at(-1).split("; ")[1] ?? "",
				except >= 0.5 ? `${units.count(except)} of them ${told}` : "", `${verdict}: why so many are movable`);
	}
	equal(rows.length, verdicts.filter(({ sites }) => sites > 0).length, "rows of verdicts");
}

// As wide as their share; a click leads to those sites.
async function bar(tab, { info: { verdicts } }) {
	for (const [metric, title] of [["bytes", "Bytes"], ["cost_ns", "Time"], ["blocks", "Blocks"]]) {
		await tab.click(`.switch button:text-is("${title}")`);
		const all = sum(verdicts, metric);
		const widths = await tab.page.$$eval(".bar .segment", (segments) => segments.map((one) =>
			[/v-([a-z]+)/.exec(one.className)[1], one.getBoundingClientRect().width / one.parentElement.getBoundingClientRect().width]));
		for (const [verdict, width] of widths) {
			const share = verdicts.find((one) => one.verdict === verdict)[metric] / all;
			check(Math.abs(width - share) < 0.03 + share * 0.05, `${metric}: width of ${verdict}`, [width, share]);
		}
		check(widths.length > 0, "segments");
	}
}

async function begin(tab, truth) {
	const wanted = truth.sites.map((site, at) => ({ site, at })).filter(({ site }) => site["saved.cost_ns"] > 0 || site["saved.blocks"] > 0)
		.sort((a, b) => b.site["saved.cost_ns"] - a.site["saved.cost_ns"] || a.at - b.at).slice(0, 10);
	const names = await tab.texts(".begin .what .name");
	equal(names, wanted.map(({ site }) => text.visible(site.function).trim()), "where to begin");
	equal(await tab.texts(".begin .gain"), wanted.map(({ site }) => units.ns(site["saved.cost_ns"])), "what there is to gain");
	if (wanted.length === 0)
		return;
	await tab.click(".begin li:first-child a.what");
	equal(await tab.hash(), `#/site?id=${wanted[0].site.id}`, "leads to the site");
	await tab.back();
	equal(await tab.hash(), "#/summary", "and back");
}

export async function summary(tab, truth) {
	verdicts_agree(truth);
	await tab.go("#/summary");
	await cards(tab, truth);
	await table(tab, truth);
	await bar(tab, truth);
	await begin(tab, truth);
	const facts = (await tab.texts("main .facts dd")).join("\n");
	check(facts.includes(`; ${units.plural(truth.info.run.recorded, "block")}`), "how much was recorded", facts);
	for (const view of ["summary", "source", "sites", "flame", "sandwich", "heat"]) {
		await tab.go(`#/${view}?q=no+such+thing`);
		const said = (await tab.texts("main .view")).join();
		check(/No site is like that\.Remove a filter/.test(said) && !/as they should|no debug info/.test(said), `${view}: of no site`, said.slice(0, 500));
	}
	await tab.go("#/summary");
	const verdict = truth.sites[0].verdict;
	await tab.click(`main tbody a:has-text("${verdict}")`);
	equal(await tab.hash(), `#/sites?verdict=${verdict}`, "a verdict leads to its sites");
	await tab.back();
}
