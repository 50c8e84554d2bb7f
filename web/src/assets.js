// Parts of the page that only one view needs: fetched once, from the server or out of the
// file that the page is in.
import { packed, run } from "./unpack.js";

const asked = new Map();

function fetched(name) {
	return new Promise((done, fail) => {
		const script = document.createElement("script");

		script.src = `/${name}`;
		script.addEventListener("load", () => {
			script.remove();
			done();
		});
		script.addEventListener("error", () => fail(new Error(`${name} does not come: is esc serve still running?`)));
		document.head.append(script);
	});
}

async function load(name, global) {
	const block = packed(name);

	if (block)
		await run(block);
	else if (location.protocol !== "file:")
		await fetched(name);
	return globalThis[global] ?? null;
}

// uPlot, or null: this esc was built without it.
export function plot() {
	if (!asked.has("plot")) {
		const made = load("plot.js", "escPlot");

		asked.set("plot", made);
		made.catch(() => asked.delete("plot")); // what failed may work the next time
	}
	return asked.get("plot");
}
