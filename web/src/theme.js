// Light or dark: as the system says, or as was chosen here. On paper it is light.

const ORDER = ["auto", "light", "dark"];
const KEY = "esc-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const print = matchMedia("print");
let chosen = "auto";
const listeners = new Set();

function apply() {
	const shown = print.matches ? "light" : chosen !== "auto" ? chosen : dark.matches ? "dark" : "light";

	document.documentElement.dataset.theme = shown;
	for (const listener of listeners)
		listener(chosen, shown);
}

// A file from disk may have no storage.
function remember(value) {
	try {
		localStorage.setItem(KEY, value);
	} catch {
		// the choice holds until the page is left
	}
}

function remembered() {
	try {
		return localStorage.getItem(KEY);
	} catch {
		return null;
	}
}

export function next() {
	chosen = ORDER[(ORDER.indexOf(chosen) + 1) % ORDER.length];
	remember(chosen);
	apply();
}

// Calls listener(chosen, shown) now and after each change: canvases paint anew.
export function on(listener) {
	listeners.add(listener);
	listener(chosen, document.documentElement.dataset.theme);
	return () => listeners.delete(listener);
}

export function start() {
	const found = remembered();

	if (ORDER.includes(found))
		chosen = found;
	dark.addEventListener("change", apply);
	print.addEventListener("change", apply);
	apply();
}
