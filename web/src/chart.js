// What is painted in a box that has the keyboard, anew when it must be, with a line under it
// for who cannot see it and its numbers as a table: what the time line and the heat map have
// in common.
import { h } from "./dom.js";
import * as theme from "./theme.js";
import * as tip from "./tip.js";

/*
 * box: the attributes of the box, its class and words for a screen reader among them.
 * inside: what is painted in, if it is there from the beginning.
 * paint(): paints; called at most once a frame, and only while the box is seen.
 * stop(): a drag ends without a result.
 * Whoever makes one calls end() when its view is left.
 */
export function chart({ box: attributes, inside = null, paint, stop }) {
	const box = h("div", { tabindex: 0, role: "application", ...attributes }, inside);
	const table = h("div", { class: "scroll" });
	let waiting = 0;

	function repaint() {
		if (waiting !== 0)
			return;
		waiting = requestAnimationFrame(() => {
			waiting = 0;
			if (box.clientWidth > 0)
				paint();
		});
	}
	const watcher = new ResizeObserver(repaint);
	const forget = theme.on(repaint);

	watcher.observe(box);
	for (const name of ["focus", "blur"])
		box.addEventListener(name, repaint);
	box.addEventListener("pointercancel", () => {
		stop();
		repaint();
	});
	box.addEventListener("pointerleave", () => tip.hide());
	return {
		box, table, repaint,
		note: h("p", { class: "flame-note" }),
		now: h("p", { class: "flame-now", "aria-live": "polite" }),
		under: h("details", { class: "flame-under" }, h("summary", null, "As a table"), table),
		end() {
			watcher.disconnect();
			forget();
			cancelAnimationFrame(waiting);
			tip.hide();
		},
	};
}
