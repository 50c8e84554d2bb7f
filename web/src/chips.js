// The filter that all views share: what can be chosen, and a chip for all that is.
import { fill, h } from "./dom.js";
import { parseFilter } from "./filter.js";
import * as state from "./state.js";
import { base } from "./text.js";
import { ns } from "./units.js";
import { VERDICTS } from "./verdicts.js";

const TYPED = 200; // ms until what is typed counts
const LISTED = 500; // threads to choose from, those that allocate most

function toggleVerdict(name, chosen) {
	const next = new Set(chosen);

	if (!next.delete(name))
		next.add(name);
	state.set({ verdict: VERDICTS.map((one) => one.name).filter((one) => next.has(one)).join(",") });
}

function verdictButtons(filter) {
	return h("div", { class: "verdicts", role: "group", "aria-label": "Verdicts" },
		VERDICTS.map(({ name, mark, advice }) => h("button", {
			type: "button", class: "pick", title: `${name}: ${advice}`, "aria-label": name,
			"aria-pressed": filter.verdicts?.has(name) ? "true" : "false",
			onclick: () => toggleVerdict(name, filter.verdicts),
		}, h("span", { class: `mark v-${name}` }, mark))));
}

function select(label, key, current, options) {
	return options.length < 2 && !current ? null : h("label", null, h("span", { class: "hide" }, label),
		h("select", {
			dataset: { key }, "aria-label": label,
			onchange: (event) => state.set({ [key]: event.target.value || null }),
		}, h("option", { value: "" }, `${label}: all`),
		options.map(([value, text]) => h("option", { value, selected: value === String(current ?? "") }, text))));
}

function search(where) {
	let timer = 0;
	const field = h("input", {
		type: "search", id: "q", placeholder: "function, file, module", "aria-label": "Search sites (key /)",
		maxlength: 200, autocomplete: "off", spellcheck: "false", value: where.q ?? "",
	});

	field.addEventListener("input", () => {
		clearTimeout(timer);
		timer = setTimeout(() => state.set({ q: field.value || null }, { replace: true }), TYPED);
	});
	return field;
}

const parts = {};

// Fills the form. The search field stays the same one, since somebody may be typing in it.
export function choice(form, { model, info, where, runs }) {
	const filter = parseFilter(where);
	const modules = model.texts("module").text.filter(Boolean).sort((a, b) => base(a) < base(b) ? -1 : 1);
	const threads = [...info.threads ?? []].sort((a, b) => b.allocations - a.allocations).slice(0, LISTED)
		.sort((a, b) => a.number - b.number);

	if (!parts.search) {
		parts.search = search(where);
		parts.rest = h("div", { class: "picks" });
		form.addEventListener("submit", (event) => event.preventDefault());
		fill(form, parts.search, parts.rest);
	}
	if (document.activeElement !== parts.search)
		parts.search.value = where.q ?? "";
	const focused = document.activeElement?.getAttribute?.("aria-label");

	fill(parts.rest, verdictButtons(filter),
		select("Module", "module", filter.module, [...new Set(modules)].map((path) => [path, base(path)])),
		select("Thread", "thread", filter.thread, threads.map(({ number, name }) =>
			[String(number), name ? `${number} ${name}` : String(number)])),
		runs > 1 ? select("Run", "run", where.run, [["1", "first"], ["2", "second"]]) : null);
	// what was pressed was replaced: the keyboard stays where it was
	if (focused && document.activeElement === document.body)
		[...parts.rest.querySelectorAll("[aria-label]")]
			.find((one) => one.getAttribute("aria-label") === focused)?.focus();
}

const powerOf = (power, show) => show(2 ** power);

function describe(where) {
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
		found.push([`thread ${filter.thread}`, { thread: null }]);
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
export function chips(list, { where, choice: chosen, model }) {
	const found = describe(where);
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
			chosen.missing.length > 0
				? `; without the document ${chosen.missing.join(", ")} this choice is not applied` : "")]);
	// the chip that was pressed is gone
	if (focused)
		(list.querySelector("button") ?? parts.search).focus();
}
