// Every view of one run: what it says is what the commands say, and what can be clicked,
// typed or dragged does what it should.
import { step } from "./lib.mjs";
import { flame } from "./flame.mjs";
import { heat, sandwich, timeline } from "./graphs.mjs";
import { page } from "./page.mjs";
import { parts } from "./parts.mjs";
import { site, source, threads } from "./site.mjs";
import { sites } from "./sites.mjs";
import { summary } from "./summary.mjs";

const VIEWS = { summary, parts, sites, site, source, flame, sandwich, timeline, heat, threads, page };
const only = process.env.VIEWS?.split(" ");

/** All views of a run, or those named. */
export async function views(tab, truth, names = Object.keys(VIEWS)) {
	for (const [name, walk] of Object.entries(VIEWS))
		if (names.includes(name) && (!only || only.includes(name)))
			await step(name, async () => {
				await walk(tab, truth);
				await tab.blameless(name);
			});
}
