// Names of the traced program that would do something: in every view they are text, and
// whoever looks sees what they are.
import { check, equal, step } from "./lib.mjs";
import { views } from "./look.mjs";
import { rows } from "./sites.mjs";
import { text } from "./truth.mjs";

// What the page is made of; a name that became an element is most likely another one, has
// a handler, or leads away.
function strange() {
	const known = new Set(("html head meta title link script body noscript header nav main section form fieldset "
		+ "legend footer article aside h1 h2 h3 h4 p span div a button input select option optgroup label ul ol li dl dt dd "
		+ "table caption colgroup col thead tbody tfoot tr th td code pre kbd strong em small b i details summary canvas "
		+ "output figure figcaption meter progress hr br mark time abbr svg g path rect line polyline polygon text circle "
		+ "defs pattern use tspan desc clippath lineargradient stop").split(" "));
	const found = [];
	for (const one of document.querySelectorAll("*")) {
		const name = one.localName.toLowerCase();
		if (!known.has(name) && !(name === "style" && one.parentElement === document.head))
			found.push(`<${name}>`);
		for (const { name: key, value } of one.attributes) {
			if (/^on|^srcdoc$|^formaction$/.test(key) || /^\s*(javascript|vbscript|data):/i.test(value) && one.closest("body"))
				found.push(`<${name} ${key}="${value.slice(0, 60)}">`);
			if (key === "href" && name !== "use" && !/^(#|\/|blob:)/.test(value) && one.closest("body"))
				found.push(`<${name} href="${value.slice(0, 60)}">`);
		}
	}
	const scripts = document.querySelectorAll("script:not([type])");
	if (scripts.length !== 1)
		found.push(`${scripts.length} scripts`);
	return found;
}

/** Characters that hide, reorder or steer, in what can be read or heard. */
function unsafe() {
	const bad = new RegExp("[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u180b-\\u180f"
		+ "\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\ufff0-\\uffff]");
	const found = [];
	const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
	for (let node = walker.nextNode(); node; node = walker.nextNode())
		if (!node.parentElement.closest("script, style") && bad.test(node.data))
			found.push(node.data.slice(0, 80));
	for (const one of document.querySelectorAll("*"))
		for (const key of ["title", "aria-label", "placeholder", "alt", "aria-description", "aria-valuetext"]) {
			const value = one.getAttribute(key);
			if (value && bad.test(value))
				found.push(`${key}: ${value.slice(0, 80)}`);
			if (value && value.length > 20000)
				found.push(`${key} of ${value.length} characters`);
		}
	if (bad.test(document.title))
		found.push(`title: ${document.title}`);
	return found;
}

async function harmless(tab, what) {
	const found = [...await tab.page.evaluate(strange), ...await tab.page.evaluate(unsafe)];
	check(found.length === 0, `${what}: names are text`, found.slice(0, 5));
	await tab.blameless(what);
}

async function table(tab, truth) {
	await tab.go("#/sites");
	const got = (await rows(tab)).map((cells) => cells[1]).sort();
	equal(got, truth.sites.map((site) => text.visible(site.function).trim()).sort(), "functions in the table");
	await harmless(tab, "sites");
}

async function each_site(tab, truth, every) {
	for (const site of truth.sites.filter((_, at) => at % every === 0)) {
		await tab.go(`#/site?id=${site.id}`);
		const said = await tab.page.$eval("main", (main) => main.textContent);
		check(said.includes(text.visible(site.function)), "site says its function", site.function.slice(0, 60));
		await harmless(tab, `site ${site.id}`);
	}
}

// The name into the field, as somebody pastes it.
async function searches(tab, truth) {
	await tab.go("#/sites");
	const typed = truth.sites.filter((site) => !/[\n\r\0]/.test(site.function.slice(0, 60)));
	for (const site of typed.filter((one, at) => at % 4 === 0 || /[<>]/.test(one.function))) {
		const part = site.function.slice(0, 60);
		await tab.page.fill("#q", part);
		await tab.typed("q", part);
		const found = (await rows(tab)).map((cells) => cells[1]);
		check(found.includes(text.visible(site.function).trim()), `search ${JSON.stringify(part)}`, found.slice(0, 3));
		await harmless(tab, `search ${JSON.stringify(part)}`);
	}
	await tab.page.fill("#q", "");
	await tab.typed("q", null);
}

// What points at functions that have the names, in the views that paint.
async function painted(tab, truth) {
	for (const site of truth.sites.filter((one, at) => at % 9 === 0 || /<img/.test(one.function))) {
		const q = encodeURIComponent(site.function.slice(0, 60));
		for (const hash of [`#/flame?q=${q}`, `#/sandwich?fn=${q}`, `#/sites?file=${q}&module=${q}`,
			`#/source?path=${encodeURIComponent(site.file ?? site.function.slice(0, 60))}`, `#/heat?q=${q}`,
			`#/timeline?q=${q}`, `#/site?id=${q}`, `#/${q}`]) {
			await tab.go(hash);
			await harmless(tab, hash.slice(0, 80));
		}
	}
	await tab.go("#/flame");
	const box = await tab.page.locator("main canvas").first().boundingBox();
	for (let at = 0; at < 12; at++) {
		await tab.page.mouse.move(box.x + box.width * (at + 0.5) / 12, box.y + 30 + at * 4);
		await harmless(tab, `tip ${at}`);
	}
	await tab.page.mouse.move(0, 0);
}

/** every: of so many sites one is opened; of 1, all is typed and pointed at as well. */
export async function hostile(tab, truth, every = 1) {
	await step("table", () => table(tab, truth));
	await step("each site", () => each_site(tab, truth, every));
	if (every === 1) {
		await step("search", () => searches(tab, truth));
		await step("painted", () => painted(tab, truth));
	}
	await step("all views", async () => {
		for (const [view, hash] of Object.entries(views(truth))) {
			await tab.go(hash);
			await harmless(tab, view);
			await tab.shot(`${view}-hostile`);
		}
	});
}
