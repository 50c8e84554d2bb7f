// uPlot, with which the time line alone is drawn: a part of its own, which the page fetches
// when that view is opened for the first time. esbuild puts its licence in front.
import css from "uplot/dist/uPlot.min.css";
import uPlot from "uplot";

const sheet = new CSSStyleSheet();

sheet.replaceSync(css);
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
globalThis.escPlot = uPlot;
