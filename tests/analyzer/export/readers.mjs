// What other people's viewers show of files in a real browser, as JSON on stdout, for each
// what is found there and what they complain of: readers.mjs speedscope|dhat FILE...
// PICTURE=FILE: what the last one looks like.
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

const modules = process.env.NODE_MODULES;
const { chromium } = createRequire(path.join(modules, "x"))("playwright-core");
const [, , what, ...files] = process.argv;
const viewers = {
	speedscope: [path.join(modules, "speedscope/dist/release"), "index.html", speedscope],
	dhat: ["/usr/libexec/valgrind", "dh_view.html", dhat],
};
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css",
	".wasm": "application/wasm" };

/** Its folder over HTTP: browsers take no modules from files. */
async function serve(root) {
	const server = createServer((request, answer) => {
		const name = path.basename(new URL(request.url, "http://x").pathname);
		try {
			const body = readFileSync(path.join(root, name));
			answer.writeHead(200, {
				"Content-Type": types[path.extname(name)] ?? "application/octet-stream",
			});
			answer.end(body);
		} catch {
			answer.writeHead(404);
			answer.end();
		}
	});
	await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
	return server;
}

/** The names of its profiles, and of each the table of its functions. */
async function speedscope(page, file) {
	await page.setInputFiles("input[type=file]", file);
	await page.getByText("Sandwich").click();
	const profiles = [];
	const count = JSON.parse(readFileSync(file)).profiles.length;
	for (let i = 0; i < count; i++) {
		if (i > 0)
			await page.keyboard.press("n");
		await page.getByText(`(${i + 1}/${count})`).first().waitFor();
		await page.locator("table tr").first().waitFor({ state: "attached" });
		await page.waitForTimeout(300);
		const rows = await page.locator("table tr").allInnerTexts();
		profiles.push({ title: await page.title(), text: await page.innerText("body"), rows });
	}
	return profiles;
}

async function dhat(page, file) {
	await page.setInputFiles("input[type=file]", file);
	await page.getByText("AP 1/1").or(page.getByText("PP 1/1")).first().waitFor();
	const metrics = await page.locator("select option").evaluateAll((all) =>
		all.map((each) => [each.label, each.disabled]));
	return { text: await page.innerText("body"), metrics };
}

const [root, start, look] = viewers[what];
const server = await serve(root);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM });

/** What its viewer shows of one file. */
async function see(file) {
	const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
	const complaints = [];
	page.on("pageerror", (error) => complaints.push(String(error)));
	page.on("dialog", (dialog) => {
		complaints.push(dialog.message());
		dialog.dismiss();
	});
	page.setDefaultTimeout(120000);
	await page.goto(`http://127.0.0.1:${server.address().port}/${start}`);
	const found = await look(page, file);
	if (process.env.PICTURE)
		await page.screenshot({ path: process.env.PICTURE });
	await page.close();
	return { found, complaints };
}

try {
	const all = [];
	for (const file of files)
		all.push(await see(file));
	console.log(JSON.stringify(all));
} finally {
	await browser.close();
	server.close();
}
