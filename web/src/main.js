// The page: shell, one view at a time, drawn anew when the URL or the run changes.
import { banner } from "./banner.js";
import { chips, choice as choiceForm } from "./chips.js";
import { documents, provider } from "./data.js";
import { add, fill, h } from "./dom.js";
import { choose, needs, parseFilter } from "./filter.js";
import * as folds from "./folds.js";
import * as keys from "./keys.js";
import { model as makeModel } from "./model.js";
import { empty } from "./parts.js";
import * as state from "./state.js";
import { commandOf, visible } from "./text.js";
import * as theme from "./theme.js";
import * as tip from "./tip.js";
import { bytes, count, ns } from "./units.js";
import { VIEWS, viewOf } from "./views.js";

const POLL = 2000; // ms between questions whether a live run has grown
const at = (id) => document.getElementById(id);
const data = documents(provider());
// by run, of the documents that data has now: of its first sites, and of all
const firsts = new Map();
const models = new Map();
let shown = null; // the view on the page
let turns = 0;
let drawing = null; // while something is being drawn
let status = { revision: 0, running: false, runs: [] };

function say(text) {
	at("status").textContent = visible(text, 300);
}

function once(map, run, ask) {
	if (!map.has(run)) {
		const asked = ask();

		map.set(run, asked);
		asked.catch(() => map.delete(run));
	}
	return map.get(run);
}

// The first sites of a run, which are all where there are few; null: only all are there.
function firstOf(run) {
	return once(firsts, run, async () => {
		const [first, { verdicts }] = await Promise.all([data.find("first", { run }), data.get("info", { run })]);

		return first && verdicts && makeModel(first, verdicts.reduce((all, { sites }) => all + sites, 0));
	});
}

function modelOf(run) {
	return once(models, run, async () => {
		const first = await firstOf(run);

		return first?.whole ? first : makeModel(await data.get("table", { run }));
	});
}

// What a view gets to know: the documents that all need, and the choice among the sites
// that sitesOf(run) has.
async function contextOf(where, sitesOf) {
	const run = where.run === "2" && status.runs.length > 1 ? 2 : 1;
	const filter = parseFilter(where);
	const ask = (how) => (name, params) => data[how](name, { run, ...params });
	const isBoth = status.runs.length > 1 && (where.view === "compare" || (where.view === "flame" && where.diff));
	const [info, other, model, ...found] = await Promise.all([data.get("info", { run }),
		isBoth ? data.get("info", { run: 3 - run }) : null, sitesOf(run),
		...needs(filter).map((name) => data.find(name, { run }))]);
	const choice = choose(model, filter,
		Object.fromEntries(needs(filter).map((name, place) => [name, found[place]])));

	return {
		state: where, info, other, run, model, filter, choice, say, data, modelOf,
		views: VIEWS, runs: status.runs.length, status, get: ask("get"), find: ask("find"),
	};
}

function drawTabs(where) {
	const open = viewOf(where.view);

	fill(at("views"), VIEWS.map((view) => h("a", {
		href: state.link({ view: view.name, ...view.keep?.(where) }),
		"aria-current": view === open ? "page" : null,
		title: view.key ? `${view.title} (key ${view.key})` : view.title,
	}, view.title)));
}

function drawHead({ info: { run } }) {
	const command = commandOf(run) || "esc";

	document.title = `${visible(command, 80)} – esc`;
	fill(at("command"), visible(command, 300)).title = visible(command);
	fill(at("facts"), `${ns(run.duration_ns)}, ${count(run.allocations)} allocations, ` +
		`${bytes(run.bytes)}`, run.running ? h("strong", { class: "live" }, ", still running") : null);
}

function showError(error) {
	shown?.leave?.();
	shown = null;
	fill(at("view"), empty("This view cannot be shown.", error.message,
		" Reload the page, or see what esc serve says in its terminal."));
	say(error.message);
}

// What was drawn can be seen; hidden pages have no frames.
function painted() {
	return new Promise((done) => {
		requestAnimationFrame(() => setTimeout(done));
		setTimeout(done, 100);
	});
}

async function drawView(where, view, context) {
	drawHead(context);
	banner(at("banner"), context.info.run, status, context.other?.run);
	choiceForm(at("choice"), { ...context, where, runs: context.runs });
	chips(at("chips"), { ...context, where, view });
	if (view === shown && view.update) {
		await view.update(at("view"), context);
		return;
	}
	const again = view === shown && document.body.dataset.drawn === location.hash;

	shown?.leave?.();
	shown = null;
	keys.bindView(view.keys);
	document.body.dataset.view = view.name;
	say(view.title); // if it does not say more
	const root = h("div", { class: `view ${view.name}` });

	await view.draw(root, context);
	// as they are now: somebody may have folded one while the documents came
	const kept = again ? folds.keep(at("view")) : null;

	fill(at("view"), root);
	if (kept)
		folds.restore(root, kept);
	shown = view;
	view.drawn?.(root);
	performance.mark("esc-view");
}

// Of many sites a view that can shows the first ones while the others are on their way.
async function drawFirst(turn, where, view) {
	const run = where.run === "2" ? 2 : 1;

	if (shown || !view.first?.(where) || Object.values(parseFilter(where)).some((one) => one !== null) ||
	    !await firstOf(run))
		return;
	const context = await contextOf(where, firstOf);

	if (turn !== turns)
		return;
	await drawView(where, view, context);
	if (!context.model.whole)
		await painted();
}

// Shows what the URL says. Not while something else is being drawn: see draw().
async function drawOnce(turn) {
	const where = state.get();
	const view = viewOf(where.view);

	drawTabs(where);
	tip.hide();
	await drawFirst(turn, where, view);
	const context = await contextOf(where, modelOf);

	// or something else was chosen meanwhile
	if (turn === turns)
		await drawView(where, view, context);
}

async function drawAll() {
	let turn;

	do {
		turn = turns;
		try {
			await drawOnce(turn);
		} catch (error) {
			if (turn === turns)
				showError(error);
			console.error(error);
		}
	} while (turn !== turns);
	document.body.dataset.drawn = location.hash;
}

// One at a time: a view that is drawn twice at once would get into its own way. Whoever
// waits for it sees the URL that holds when it ends; so do tests, by data-drawn.
function draw() {
	turns++;
	drawing ??= drawAll().finally(() => {
		drawing = null;
	});
	return drawing;
}

function drawTheme(chosen) {
	const words = { auto: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" };
	const marks = { auto: "◐", light: "○", dark: "●" };

	add(fill(at("theme")), marks[chosen]);
	at("theme").setAttribute("aria-label", words[chosen]);
	at("theme").title = words[chosen];
}

// Asks whether a run that is still written has more; all is asked for again then.
async function follow() {
	try {
		const next = await data.get("state", {});

		if (next.revision !== status.revision) {
			status = next;
			data.forget();
			firsts.clear();
			models.clear();
			await draw();
		}
		status = next;
	} catch (error) {
		say(error.message);
	}
	data.forget("state");
	if (status.running)
		setTimeout(follow, POLL);
}

function bindKeys() {
	keys.bind(...VIEWS.filter((view) => view.key).map((view) => ({
		key: view.key, title: `open ${view.title}`, run: () => state.set({ view: view.name }),
	})), {
		key: "/", title: "search sites", run: () => at("q")?.focus(),
	}, {
		key: "t", title: "light, dark, as the system", run: () => theme.next(),
	}, {
		key: "x", title: "remove all filters",
		run: () => state.set(Object.fromEntries(state.FILTERS.map((name) => [name, null]))),
	});
	keys.start();
}

async function start() {
	theme.start();
	theme.on(drawTheme);
	at("theme").addEventListener("click", () => theme.next());
	at("skip").addEventListener("click", () => at("view").focus());
	bindKeys();
	state.on(draw);
	state.start();
	// asked for beside the state, as in bundle.c; what fails is told when it is drawn
	firstOf(1).catch(() => null);
	status = await data.find("state").catch(() => null) ?? status;
	data.forget("state");
	if (status.view && !location.hash)
		state.set({ view: status.view }, { replace: true });
	await draw();
	if (status.running)
		setTimeout(follow, POLL);
}

start();
