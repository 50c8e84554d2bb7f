// A table of any number of rows, of which only those in sight exist. It is a grid with
// one focused row: arrows, Page Up and Down, Home, End move it, Enter opens it.
import { add, fill, h } from "./dom.js";

const ROW = 28; // pixels, as in style.css
const SPARE = 8; // rows beyond the edges, so that scrolling shows no gap
export const PRINTED = 200; // rows that paper gets
let grids = 0;

function headCell(column, at, sort, onsort) {
	const down = sort.key === column.key ? sort.down : null;
	const cell = h("div", {
		role: "columnheader", class: `cell ${column.align ?? ""}`, "aria-colindex": at + 1,
		"aria-sort": down === null ? "none" : down ? "descending" : "ascending",
		title: column.help,
	});

	if (column.sortable === false)
		return add(cell, column.title);
	return add(cell, h("button", {
		type: "button", class: "sort",
		onclick: () => onsort({ key: column.key, down: down === null ? column.down !== false : !down }),
	}, column.title, h("span", { "aria-hidden": "true", class: "arrow" },
		down === null ? "" : down ? "↓" : "↑")));
}

// How wide a row is at least. CSS could find it, by the content of every row that comes
// into sight, which is what most of scrolling would take.
function leastOf(columns) {
	const widths = columns.map(({ width }) => Number(/([\d.]+)rem/.exec(width)?.[1] ?? 4));

	return `calc(${widths.reduce((sum, width) => sum + width, 0)}rem + ${columns.length - 1} * var(--gap) + 1.5rem)`;
}

/*
 * columns: [{key, title, width (of CSS grid), align ("n" for numbers), help, down (first
 * order), sortable, cell(row) -> nodes}]; label; onsort({key, down}); onopen(row).
 */
export function table({ columns, label, onsort, onopen }) {
	const name = `grid${grids++}`;
	const head = h("div", { role: "row", class: "row head", "aria-rowindex": 1 });
	const body = h("div", { role: "rowgroup", class: "rows" });
	const element = h("div", {
		role: "grid", class: "grid", tabindex: 0, "aria-label": label, "aria-colcount": columns.length,
		style: { "--columns": columns.map((column) => column.width).join(" "), "--least": leastOf(columns) },
	}, h("div", { role: "rowgroup", class: "heads" }, head), body);
	const print = matchMedia("print");
	const made = new Map(); // place to element
	let rows = [];
	let all = 0; // those that are still on their way, too
	let focused = 0;
	let waiting = false;

	function makeRow(at) {
		const row = rows[at];
		const line = h("div", {
			role: "row", class: "row", id: `${name}-${at}`, "aria-rowindex": at + 2,
			"aria-selected": at === focused ? "true" : "false",
			style: { top: `${at * ROW}px` }, dataset: { at, row },
		});

		columns.forEach((column, place) => line.append(add(h("div", {
			role: "gridcell", class: `cell ${column.align ?? ""}`, "aria-colindex": place + 1,
		}), at < rows.length ? column.cell(row) : "…")));
		return line;
	}

	function range() {
		if (print.matches)
			return [0, Math.min(rows.length, PRINTED)];
		const first = Math.floor(element.scrollTop / ROW) - SPARE;
		const last = Math.ceil((element.scrollTop + element.clientHeight) / ROW) + SPARE;

		return [Math.max(0, first), Math.min(all, last)];
	}

	function paint() {
		const [first, end] = range();

		waiting = false;
		for (const [at, line] of made) {
			if (at >= first && at < end)
				continue;
			line.remove();
			made.delete(at);
		}
		for (let at = first; at < end; at++) {
			if (made.has(at))
				continue;
			const line = makeRow(at);

			made.set(at, line);
			body.append(line);
		}
		body.style.setProperty("height", `${(print.matches ? end : all) * ROW}px`);
		// only what exists can be named
		if (made.has(focused))
			element.setAttribute("aria-activedescendant", `${name}-${focused}`);
		else
			element.removeAttribute("aria-activedescendant");
	}

	function soon() {
		if (!waiting)
			requestAnimationFrame(paint);
		waiting = true;
	}

	function scrollTo(at) {
		const room = element.clientHeight - ROW; // the head covers one

		if (at * ROW < element.scrollTop)
			element.scrollTop = at * ROW;
		else if ((at + 1) * ROW > element.scrollTop + room)
			element.scrollTop = (at + 1) * ROW - room;
	}

	function focus(at) {
		if (rows.length === 0)
			return;
		made.get(focused)?.setAttribute("aria-selected", "false");
		focused = Math.max(0, Math.min(rows.length - 1, at));
		scrollTo(focused);
		paint();
		made.get(focused)?.setAttribute("aria-selected", "true");
	}

	function key(event) {
		const page = Math.max(1, Math.floor(element.clientHeight / ROW) - 2);
		const moves = {
			ArrowDown: focused + 1, ArrowUp: focused - 1, PageDown: focused + page,
			PageUp: focused - page, Home: 0, End: rows.length - 1,
		};

		if (event.target !== element || event.ctrlKey || event.altKey || event.metaKey)
			return;
		if (event.key in moves)
			focus(moves[event.key]);
		else if (event.key === "Enter" && rows.length > 0)
			onopen?.(rows[focused]);
		else
			return;
		event.preventDefault();
	}

	element.addEventListener("scroll", soon, { passive: true });
	element.addEventListener("keydown", key);
	body.addEventListener("click", (event) => {
		const line = event.target.closest(".row");

		if (!line || !(line.dataset.at < rows.length) || event.target.closest("a, button") || getSelection().toString())
			return;
		focus(Number(line.dataset.at));
		onopen?.(rows[focused]);
	});
	new ResizeObserver(soon).observe(element);
	// the media outlive the table
	print.addEventListener("change", () => element.isConnected && paint());
	return {
		element,
		// The row that has the focus; undefined where there is none.
		current: () => rows[focused],
		// Rows in their order, the first ones of `of`; `at` gets the focus and, unless
		// `still`, is scrolled to.
		show(shown, sort, { at = 0, still = false, of = shown.length } = {}) {
			rows = shown;
			all = of;
			focused = Math.max(0, Math.min(rows.length - 1, at));
			fill(head, columns.map((column, place) => headCell(column, place, sort, onsort)));
			element.setAttribute("aria-rowcount", all + 1);
			body.replaceChildren();
			made.clear();
			body.style.setProperty("height", `${all * ROW}px`);
			if (!still) {
				element.scrollTop = 0;
				scrollTo(focused);
			}
			paint();
		},
	};
}
