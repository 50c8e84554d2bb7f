// Each view in both themes, wide and narrow: a picture, what axe-core says, nothing cut.
import { check, HANG, step } from "./lib.mjs";

/** name: hash, of a run whose facts are `truth`. */
export function views(truth) {
	const first = truth.sites[0] ?? { id: 0, function: "", file: "" };
	const filed = truth.sites.find((site) => site.file) ?? first;
	const word = encodeURIComponent;
	return {
		summary: "#/summary",
		sites: "#/sites",
		site: `#/site?id=${filed.id}`,
		source: `#/source?path=${word(filed.file ?? "")}`,
		flame: "#/flame",
		sandwich: `#/sandwich?fn=${word(filed.function)}`,
		timeline: "#/timeline",
		heat: "#/heat",
		threads: "#/threads",
		compare: "#/compare",
		help: "#/help",
	};
}

/** Nothing sticks out of the window to the side. */
async function fits(tab, what) {
	const wide = await tab.page.evaluate(() => {
		const root = document.scrollingElement;
		return root.scrollWidth > root.clientWidth ? [...document.querySelectorAll("body *")].filter((one) =>
			one.getBoundingClientRect().right > root.clientWidth + 1).slice(0, 3).map((one) =>
			`${one.tagName}.${one.className}`) : [];
	});
	check(wide.length === 0, `${what}: wider than the window`, wide);
	const beyond = await tab.page.$$eval("#views a", (all) => all.filter((one) =>
		one.getBoundingClientRect().right > document.scrollingElement.clientWidth).map((one) => one.textContent));
	check(beyond.length === 0, `${what}: tabs beyond the edge`, beyond);
}

async function look_at(tab, name, hash, what) {
	await tab.go(hash);
	check(await tab.page.locator("main h2").count() > 0, `${what}: a heading`);
	await fits(tab, what);
	await tab.shot(what);
	await tab.accessible(what);
	await tab.blameless(what);
}

/** All views of one run, in a tab that shows it. */
export async function look(tab, truth, name, only) {
	for (const scheme of ["light", "dark"]) {
		await tab.page.emulateMedia({ colorScheme: scheme });
		await tab.page.waitForFunction((wanted) => document.documentElement.dataset.theme === wanted, scheme);
		for (const [view, hash] of Object.entries(views(truth))) {
			if (!only || only.includes(view))
				await step(`${view} ${scheme}`, () => look_at(tab, view, hash, `${view}-${name}-${scheme}`));
		}
	}
	await tab.page.emulateMedia({ colorScheme: "light" });
}

/** As on a telephone; and on paper. */
export async function narrow(tab, truth, name) {
	const size = tab.page.viewportSize();
	await tab.page.setViewportSize({ width: 420, height: 800 });
	await tab.page.waitForFunction(() => innerWidth === 420);
	for (const [view, hash] of Object.entries(views(truth)))
		await step(`${view} narrow`, async () => {
			await tab.go(hash);
			await fits(tab, view);
			await tab.shot(`${view}-${name}-narrow`);
			await tab.blameless(view);
		});
	await tab.page.setViewportSize(size);
}

export async function paper(tab, truth, name) {
	for (const [view, hash] of Object.entries(views(truth)))
		await step(`${view} on paper`, async () => {
			await tab.go(hash);
			const pdf = await tab.page.pdf({ format: "A4", path: `${process.env.SHOTS}/${view}-${name}.pdf` });
			check(pdf.length > 2000 && pdf.subarray(0, 5).toString() === "%PDF-", "a PDF", pdf.length);
			let wide = null; // the end of printing may come behind what is emulated, and end that
			for (const end = Date.now() + HANG; wide === null && Date.now() < end;) {
				await tab.page.emulateMedia({ media: "print" });
				wide = await tab.page.evaluate(() => matchMedia("print").matches ?
					[...document.querySelectorAll("main canvas")].filter((one) =>
						getComputedStyle(one).maxWidth !== "100%").length : null);
				await tab.page.emulateMedia({ media: null });
			}
			check(wide === 0, "what is painted fits on paper", wide);
			await tab.blameless(view);
		});
}
