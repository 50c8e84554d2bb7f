// The state of the page is its URL, `#/VIEW?key=value…`, and nowhere else: whoever sends
// the URL sends what he sees, and back and forward work.

// What chooses sites and blocks. It stays when another view is opened, as do the run and the
// metric; all other keys belong to one view.
export const FILTERS = ["verdict", "module", "thread", "process", "phase", "nophase", "file", "q", "from", "to", "heat"];
export const SHARED = ["run", ...FILTERS, "metric"];
const FIRST = "summary";

// {view, key: value…}
export function parse(hash) {
	const [path, query] = hash.replace(/^#?\/?/, "").split(/\?(.*)/s);
	const found = Object.fromEntries(new URLSearchParams(query ?? ""));

	delete found.view;
	return { view: path || FIRST, ...found };
}

// The hash of a state: shared keys first, in their order, so that one state has one URL.
export function format({ view, ...rest }) {
	const query = new URLSearchParams();
	const own = Object.keys(rest).filter((key) => !SHARED.includes(key)).sort();

	for (const key of [...SHARED, ...own]) {
		const value = rest[key];

		if (value !== undefined && value !== null && value !== "")
			query.set(key, value);
	}
	return `#/${view || FIRST}${query.size ?? [...query].length ? `?${query}` : ""}`;
}

// The state after changes; null removes. A change of `view` drops the old view's own keys.
export function merge(state, changes) {
	const kept = {};

	for (const [key, value] of Object.entries(state)) {
		if (!changes.view || changes.view === state.view || SHARED.includes(key))
			kept[key] = value;
	}
	return { ...kept, view: state.view, ...changes };
}

// Two states with one key choose the same.
export function choiceKey(state) {
	return JSON.stringify(["run", ...FILTERS].map((key) => state[key] ?? ""));
}

const listeners = new Set();

export function get() {
	return parse(location.hash);
}

// The URL of the state after changes, for links.
export function link(changes) {
	return format(merge(get(), changes));
}

function tell() {
	const state = get();

	for (const listener of listeners)
		listener(state);
}

// Changes the state; `replace` where back should not lead here (typing, dragging).
export function set(changes, { replace = false } = {}) {
	const hash = link(changes);

	if (hash === format(get()))
		return;
	if (replace)
		history.replaceState(null, "", hash);
	else
		history.pushState(null, "", hash);
	tell();
}

// Calls listener(state) after each change; returns what ends that.
export function on(listener) {
	listeners.add(listener);
	return () => listeners.delete(listener);
}

// Back, forward, links and what is typed into the address bar.
export function start() {
	addEventListener("popstate", tell);
}
