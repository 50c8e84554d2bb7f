// Colours that canvases paint with, of the theme that is shown now.
import { colours as verdictColours } from "../verdicts.js";
import { STEPS } from "./draw.js";

// Verdict colours are for letters on them; large areas are calmer.
const STRENGTH = { light: 0.5, dark: 0.46 };

function channels(hex) {
	const text = hex.replace("#", "");
	const full = text.length === 3 ? [...text].map((one) => one + one).join("") : text;

	return [0, 2, 4].map((at) => parseInt(full.slice(at, at + 2), 16) || 0);
}

// share of `hex` on `other`, both #rgb or #rrggbb.
export function mix(hex, other, share) {
	const from = channels(other);
	const made = channels(hex).map((value, at) => Math.round(from[at] + (value - from[at]) * share));

	return `#${made.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

// `share` (0 to 1) of the way from nothing to much: of heat maps.
export function heat({ cold, warm, hot }, share) {
	return share < 0.5 ? mix(warm, cold, share * 2) : mix(hot, warm, share * 2 - 1);
}

export function palette(element = document.documentElement) {
	const style = getComputedStyle(element);
	const value = (name) => style.getPropertyValue(name).trim();
	const background = value("--bg") || "#ffffff";
	const strength = STRENGTH[element.dataset.theme] ?? STRENGTH.light;
	const ink = value("--ink");
	const [less, same, more] = ["--less", "--same", "--more"].map(value);
	const steps = Array.from({ length: STEPS + 1 }, (_, at) => {
		const way = at / STEPS * 2 - 1;

		return mix(way < 0 ? less : more, same, Math.abs(way) ** 0.7);
	});
	const verdicts = verdictColours(element);

	return {
		verdicts: verdicts.map(({ fill }) => mix(fill, background, strength)),
		inks: verdicts.map(() => ink),
		strong: verdicts.map(({ fill }) => fill),
		steps, stepInk: ink, ink, background,
		root: value("--sunk"), dust: value("--line-strong"), hit: value("--hit"), faint: element.dataset.theme === "dark" ? 0.5 : 0.4,
		soft: value("--soft"), raised: value("--raised"), line: value("--line"), accent: value("--accent"), fill: mix(value("--accent"), background, 0.22),
		heat: { cold: value("--cold"), warm: value("--warm"), hot: value("--hot") },
		mono: value("--mono") || "monospace",
	};
}
