// THE VIEWS, in the order of the tabs. A view is
//   { name, title, key, async draw(root, context), drawn?(root), update?(root, context), leave?(),
//     keys?: [{key, title, run}], ignores?(choice): the view shows more than is chosen,
//     first?(state): of all sites the first ones are enough for what is seen first }
// draw fills root, drawn is called when it is on the page. update, where there is one, is
// called with the element around root instead of both when the view is on the page
// already; leave ends what draw began. context is what main.js makes: {state, info, model,
// filter, choice, run, runs, status, get(name, params), find(name, params), data, say,
// modelOf(run), views, other: the info of the run that is shown beside this one}.
import compare from "./views/compare.js";
import flame from "./views/flame.js";
import heat from "./views/heat.js";
import help from "./views/help.js";
import sandwich from "./views/sandwich.js";
import site from "./views/site.js";
import sites from "./views/sites.js";
import source from "./views/source.js";
import summary from "./views/summary.js";
import threads from "./views/threads.js";
import timeline from "./views/timeline.js";

export const VIEWS = [summary, sites, site, source, flame, sandwich, timeline, heat, threads, compare, help];

export function viewOf(name) {
	return VIEWS.find((view) => view.name === name) ?? VIEWS[0];
}
