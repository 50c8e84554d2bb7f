// The filter that all views share: what can be chosen, and a chip for all that is.
import { add, fill, h } from "./dom.js";
import { parseFilter } from "./filter.js";
import * as state from "./state.js";
import { base, programOf } from "./text.js";
import { ns } from "./units.js";
import { VERDICTS } from "./verdicts.js";

const TYPED = 200; // ms until what is typed counts
const LISTED = 500; // of what there is to choose from, at most

function toggleVerdict(name) {
	const next = new Set(parseFilter(state.get()).verdicts);

	if (!next.delete(name))
		next.add(name);
	state.set({ verdict: VERDICTS.map((one) => one.name).filter((one) => next.has(one)).join(",") });
}

function verdictButtons() {
	return h("div", { class: "verdicts", role: "group", "aria-label": "Verdicts" },
		VERDICTS.map(({ name, mark, advice }) => h("button", {
			type: "button", class: "pick", title: `${name}: ${advice}`, "aria-label": name, dataset: { verdict: name },
			onclick: () => toggleVerdict(name),
		}, h("span", { class: `mark v-${name}` }, mark))));
}

// A phase may be called anything: in the list its name stands behind a mark, and what is in
// no phase has none.
const NO_PHASE = "none";
const phaseValue = ({ phase, nophase }) => nophase ? NO_PHASE : phase ? `=${phase}` : "";

function changesOf(key, value) {
	return key !== "phase" ? { [key]: value || null }
		: { phase: value.startsWith("=") ? value.slice(1) : null, nophase: value === NO_PHASE ? 1 : null };
}

function select(label, key, options, none = `${label}: all`) {
	return h("select", {
		dataset: { key }, "aria-label": label, onchange: (event) => state.set(changesOf(key, event.target.value)),
	}, h("option", { value: "" }, none), options.map(([value, text]) => h("option", { value }, text)));
}

function search() {
	let timer = 0;
	const field = h("input", {
		type: "search", id: "q", placeholder: "function, file, module", "aria-label": "Search sites (key /)",
		maxlength: 200, autocomplete: "off", spellcheck: "false",
	});

	field.addEventListener("input", () => {
		clearTimeout(timer);
		timer = setTimeout(() => state.set({ q: field.value || null }, { replace: true }), TYPED);
	});
	return field;
}

// Paths to choose from, as [path, what it is called]: those of most sites, by name.
export function pathsOf({ text, at }, most = LISTED) {
	const sites = new Map();

	for (const place of at)
		if (text[place])
			sites.set(text[place], (sites.get(text[place]) ?? 0) + 1);
	const chosen = [...sites].sort((a, b) => b[1] - a[1]).slice(0, most).map(([path]) => path);
	const names = new Map();

	for (const path of chosen)
		names.set(base(path), (names.get(base(path)) ?? 0) + 1);
	// files of one name are told apart by their folder
	const called = (path) => names.get(base(path)) > 1 ? path.split("/").slice(-2).join("/") : base(path);

	return chosen.map((path) => [path, called(path)]).sort((a, b) => a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0);
}

function threadsOf(threads = []) {
	return [...threads].sort((a, b) => b.allocations - a.allocations).slice(0, LISTED).sort((a, b) => a.number - b.number)
		.map(({ number, name }) => [String(number), called("thread", number, name)]);
}

function processesOf(processes = []) {
	return processes.slice(0, LISTED).map(({ pid, program, name }) => [String(pid), called("process", pid, programOf({ program, name }))]);
}

const phasesOf = (phases = []) => phases.length === 0 ? []
	: [...phases.slice(0, LISTED).map(({ name }) => [phaseValue({ phase: name }), name]), [NO_PHASE, "in none"]];

const parts = { search: null, model: null };

function build(form, { model, info, runs }) {
	parts.search ??= search();
	parts.model = model;
	form.onsubmit = (event) => event.preventDefault();
	// the field stays the same one, since somebody may be typing in it
	for (const child of [...form.children])
		if (child !== parts.search)
			child.remove();
	form.prepend(parts.search);
	// of one there is nothing to choose
	const lists = [["Module", "module", pathsOf(model.texts("module"))], ["File", "file", pathsOf(model.texts("file"))],
		["Process", "process", processesOf(info.processes)], ["Thread", "thread", threadsOf(info.threads)],
		["Phase", "phase", phasesOf(info.phases)]].filter(([,, options]) => options.length > 1);

	add(form, verdictButtons(), lists.map((list) => select(...list)),
		runs > 1 ? select("Run", "run", [["2", "second run"]], "first run") : null);
}

// What is not in the list was chosen elsewhere.
function setSelect(field, value) {
	if (value && ![...field.options].some((option) => option.value === value))
		field.append(h("option", { value }, field.dataset.key === "phase" ? value.slice(1) : base(value)));
	field.value = value;
}

// Fills the form, and shows in it what is chosen.
export function choice(form, context) {
	const { where } = context;
	const { verdicts } = parseFilter(where);

	if (parts.model !== context.model)
		build(form, context);
	if (document.activeElement !== parts.search)
		parts.search.value = where.q ?? "";
	for (const button of form.querySelectorAll("[data-verdict]"))
		button.setAttribute("aria-pressed", verdicts?.has(button.dataset.verdict) ? "true" : "false");
	for (const field of form.querySelectorAll("select"))
		setSelect(field, field.dataset.key === "phase" ? phaseValue(where) : where[field.dataset.key] ?? "");
}

const powerOf = (power, show) => show(2 ** power);

// `thread 3 worker`: what it is called, where that is known.
function called(what, number, name) {
	return `${what} ${number}${name ? ` ${name}` : ""}`;
}

function describe(where, { threads, processes }) {
	const filter = parseFilter(where);
	const found = [];
	const range = filter.from !== null || filter.to !== null;

	if (filter.verdicts)
		found.push([`verdict ${[...filter.verdicts].join(", ")}`, { verdict: null }]);
	if (filter.module)
		found.push([`module ${base(filter.module)}`, { module: null }]);
	if (filter.file)
		found.push([`file ${base(filter.file)}`, { file: null }]);
	if (filter.q)
		found.push([`“${filter.q}”`, { q: null }]);
	if (filter.thread !== null)
		found.push([called("thread", filter.thread, threads?.find(({ number }) => number === filter.thread)?.name),
			{ thread: null }]);
	if (filter.process !== null)
		found.push([called("process", filter.process, programOf(processes?.find(({ pid }) => pid === filter.process))),
			{ process: null }]);
	if (filter.phase !== null)
		found.push([filter.phase === "" ? "in no phase" : `phase ${filter.phase}`, { phase: null, nophase: null }]);
	if (range)
		found.push([`allocated ${ns(filter.from ?? 0)} to ${filter.to === null ? "the end" : ns(filter.to)}`,
			{ from: null, to: null }]);
	if (filter.heat)
		found.push([`sizes ${powerOf(filter.heat.size[0], String)} to ${2 ** (filter.heat.size[1] + 1) - 1} B, ` +
			(filter.heat.life[1] < 0 ? "never freed"
				: `lives ${filter.heat.life[0] < 0 ? "never freed, or " : ""}` +
				`${powerOf(Math.max(0, filter.heat.life[0]), ns)} to ${powerOf(filter.heat.life[1] + 1, ns)}`),
		{ heat: null }]);
	return found;
}

// One chip for each active filter; each removes it.
export function chips(list, { where, choice: chosen, info, model, view }) {
	const found = describe(where, info);
	const all = Object.assign({}, ...found.map(([, changes]) => changes));
	const focused = list.contains(document.activeElement);

	list.hidden = found.length === 0;
	fill(list, found.length === 0 ? null : [
		found.map(([text, changes]) => h("li", null, h("button", {
			type: "button", class: "chip", "aria-label": `Remove the filter: ${text}`,
			onclick: () => state.set(changes),
		}, h("span", { class: "name" }, text), h("span", { "aria-hidden": "true" }, " ×")))),
		found.length > 1 ? h("li", null, h("button", {
			type: "button", class: "chip plain", onclick: () => state.set(all),
		}, "Remove all")) : null,
		h("li", { class: "note" }, `${chosen.count} of ${model.count} sites`,
			chosen.shared ? "; time in malloc is each site's share" : "",
			chosen.slice === null ? "" : `; counted in slices of ${ns(chosen.slice)}`,
			chosen.blended ? "; esc does not tell this thread from others that allocate little" : "",
			view.ignores?.(chosen) ? "; this view shows all blocks" : "",
			chosen.missing.length > 0
				? `; esc has no ${chosen.missing.join(", ")} of this run, so not all of it is applied` : "")]);
	// the chip that was pressed is gone
	if (focused)
		(list.querySelector("button") ?? parts.search).focus();
}
