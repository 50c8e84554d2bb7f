// The one tooltip, for what is painted and has no element of its own.
import { fill, h } from "./dom.js";

let tip = null;

function element() {
	if (!tip) {
		tip = h("div", { id: "tip", "aria-hidden": "true", hidden: true });
		document.body.append(tip);
	}
	return tip;
}

// Shows children beside the point (of the window), on the side that has room.
export function show(x, y, ...children) {
	const box = fill(element(), ...children);

	box.hidden = false;
	const { width, height } = box.getBoundingClientRect();
	const left = x + 14 + width > innerWidth ? x - 14 - width : x + 14;
	const top = y + 14 + height > innerHeight ? y - 14 - height : y + 14;

	box.style.setProperty("left", `${Math.max(4, left)}px`);
	box.style.setProperty("top", `${Math.max(4, top)}px`);
}

export function hide() {
	if (tip)
		tip.hidden = true;
}
