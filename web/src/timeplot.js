// Two plots over one time, by uPlot: what was live, and what was done a second. Their axes,
// steps, zoom, cursor and legend are uPlot's; which range is chosen is the view's to say.
import { palette } from "./flame/paint.js";
import { h } from "./dom.js";
import { steps } from "./slices.js";
import { between } from "./ticks.js";
import { bytes, count, ns } from "./units.js";

const AXIS = 76; // pixels, of the numbers to the left
const RIGHT = 26; // half a number
const HEIGHTS = [230, 190];

function axes(colours, font, kind, show) {
	const common = { font, stroke: colours.soft, ticks: { stroke: colours.line, width: 1, size: 4 } };

	return [{
		...common,
		grid: { show: false },
		splits: (plot, axis, from, to) => between(from, to, Math.max(2, plot.width / 110), "time"),
		values: (plot, all) => all.map((one) => one === 0 ? "0" : ns(one)),
		size: 28,
	}, {
		...common,
		grid: { stroke: colours.line, width: 1 },
		ticks: { show: false },
		splits: (plot, axis, from, to) => between(0, to, 4, kind),
		values: (plot, all) => all.map(show),
		size: AXIS,
	}];
}

function series(uPlot, { name, hidden, filled }, colour, colours) {
	return {
		label: name, show: !hidden, stroke: colour, width: 1.5, fill: filled ? colours.fill : undefined,
		paths: uPlot.paths.stepped({ align: 1 }), points: { show: false },
	};
}

/*
 * lines: [{name, place (0 above, 1 below), list: [{from, to, value}], show(value), filled,
 * colour (of the palette), hidden}]; whole: the run's end.
 * toggle(line): it was switched in the legend; zoomed({from, to} or null): another part is
 * seen. Whoever makes one calls end().
 */
export function timeplot(uPlot, lines, { whole, zoom, toggle, zoomed }) {
	const groups = [0, 1].map((place) => lines.filter((one) => one.place === place));
	const columns = groups.map((group) => steps(...group.map((one) => one.list)));
	const boxes = groups.map(() => h("div", null));
	let seen = zoom ?? { from: 0, to: whole };
	let plots = [];
	let range = null;
	let telling = null; // a timer

	// What the lines say at that time; -1: at none.
	function readOut(time) {
		groups.forEach((group, place) => group.forEach((line, at) => {
			const found = time < 0 ? -1 : columns[place][0].findLastIndex((one) => one <= time);

			line.said.textContent = found < 0 ? "" : line.show(columns[place][at + 1][found] ?? 0);
		}));
	}

	function make(width) {
		const colours = palette();
		const font = `12px ${getComputedStyle(boxes[0]).fontFamily}`;

		for (const plot of plots)
			plot.destroy();
		plots = groups.map((group, place) => new uPlot({
			width, height: HEIGHTS[place], padding: [12, RIGHT, 0, 0],
			cursor: {
				y: false, drag: { x: false, y: false }, points: { show: false },
				sync: { key: "esc-time", setSeries: false }, bind: { dblclick: () => null },
			},
			legend: { show: false },
			scales: { x: { time: false, range: () => [seen.from, seen.to] }, y: { range: (plot, from, to) => [0, to > 0 ? to * 1.04 : 1] } },
			axes: axes(colours, font, place === 0 ? "bytes" : "decimal", place === 0 ? bytes : count),
			series: [{}, ...group.map((one) => series(uPlot, one, colours[one.colour], colours))],
			hooks: { setCursor: [(plot) => readOut(plot.cursor.left >= 0 ? plot.posToVal(plot.cursor.left, "x") : -1)] },
		}, columns[place], boxes[place]));
		showRange();
	}

	function showRange() {
		for (const plot of plots) {
			const [left, right] = range ? [range.from, range.to].map((one) =>
				Math.max(0, Math.min(plot.over.clientWidth, plot.valToPos(one, "x")))) : [0, 0];

			plot.setSelect({ left, width: right - left, top: 0, height: range ? plot.over.clientHeight : 0 }, false);
		}
	}

	function look(next) {
		const least = Math.max(whole / 1e5, 1);
		const size = Math.min(whole, Math.max(least, next.to - next.from));
		const from = Math.max(0, Math.min(whole - size, next.from));

		seen = { from, to: from + size };
		for (const plot of plots)
			plot.setScale("x", { min: seen.from, max: seen.to });
		showRange();
		clearTimeout(telling);
		// a wheel turns in many small steps
		telling = setTimeout(() => {
			telling = null;
			zoomed(size < whole ? seen : null);
		}, 150);
	}

	function button(line) {
		line.said = h("span", { class: "said", "aria-hidden": "true" });
		return h("button", {
			type: "button", "aria-pressed": String(!line.hidden), class: line.colour,
			title: "show or hide this line", onclick: () => toggle(line),
		}, h("i", { "aria-hidden": "true" }), line.name, line.said);
	}
	return {
		parts: groups.map((group, place) => [
			h("div", { class: "timeplot-legend", role: "group", "aria-label": "Lines shown" }, group.map(button)), boxes[place],
		]),
		make,
		seen: () => seen,
		// What is seen and zoomed() does not know of yet, or null.
		untold: () => telling === null ? null : seen,
		// The time there; x: of the window.
		timeAt(x) {
			const { left, width } = plots[0].over.getBoundingClientRect();

			return seen.from + Math.max(0, Math.min(1, (x - left) / (width || 1))) * (seen.to - seen.from);
		},
		choose(next) {
			range = next;
			showRange();
		},
		look,
		// `factor` times as long as now; `at` stays where it is.
		zoom(factor, at) {
			look({ from: at - (at - seen.from) * factor, to: at + (seen.to - at) * factor });
		},
		reset: () => look({ from: 0, to: whole }),
		// The cursor, in both; -1: none.
		point(time) {
			for (const plot of plots)
				plot.setCursor(time < 0 ? { left: -10, top: -10 } : { left: plot.valToPos(time, "x"), top: 1 }, false);
			readOut(time);
		},
		end() {
			clearTimeout(telling);
			for (const plot of plots)
				plot.destroy();
			plots = [];
		},
	};
}
