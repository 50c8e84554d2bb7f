// The first script of the page as a file: runs the packed one, where the browser can unpack.
import { packed, run } from "./unpack.js";

function fail(error) {
	const line = document.createElement("p");

	line.className = "empty";
	line.textContent = typeof DecompressionStream === "undefined"
		? "This browser is too old for the page: it has no DecompressionStream, which Chromium has from 80 on, Firefox from 113 and Safari from 16.4. esc report and esc annotate need no browser."
		: `The page does not start: ${error.message}`;
	document.getElementById("view").replaceChildren(line);
}

async function open() {
	try {
		await run(packed("app.js"));
	} catch (error) {
		fail(error);
	}
}

open();
