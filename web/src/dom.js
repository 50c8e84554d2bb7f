// Elements. All text goes in as text: there is no markup made of strings in the page, so
// that names of the traced program can only ever be data.
import { visible } from "./text.js";

const SVG = "http://www.w3.org/2000/svg";
const SPOKEN = new Set(["title", "aria-label", "placeholder", "alt"]);

function setStyle(element, style) {
	for (const [name, value] of Object.entries(style))
		element.style.setProperty(name, value);
}

function setAttribute(element, name, value) {
	if (value === null || value === undefined || value === false)
		return;
	if (name.startsWith("on"))
		element.addEventListener(name.slice(2), value);
	else if (name === "style")
		setStyle(element, value);
	else if (name === "dataset")
		Object.assign(element.dataset, value);
	else if (name === "value" || name === "checked")
		element[name] = value;
	else
		element.setAttribute(name, value === true ? "" : SPOKEN.has(name) ? visible(value) : value);
}

// Adds nodes, texts and lists of them; leaves out null, undefined and false.
export function add(element, ...children) {
	for (const child of children.flat(Infinity)) {
		if (child === null || child === undefined || child === false)
			continue;
		element.append(child instanceof Node ? child : visible(child));
	}
	return element;
}

function make(element, attributes, children) {
	for (const [name, value] of Object.entries(attributes ?? {}))
		setAttribute(element, name, value);
	return add(element, ...children);
}

// h("a", { href, class, onclick, style: {…}, dataset: {…} }, children…)
export function h(tag, attributes, ...children) {
	return make(document.createElement(tag), attributes, children);
}

// The same for SVG.
export function s(tag, attributes, ...children) {
	return make(document.createElementNS(SVG, tag), attributes, children);
}

// Replaces what is in element.
export function fill(element, ...children) {
	element.replaceChildren();
	return add(element, ...children);
}
