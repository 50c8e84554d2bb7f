// What the commands say, to hold the page against.
import { json } from "./lib.mjs";

const source = `${process.env.SOURCE}/web/src`;
export const units = await import(`${source}/units.js`);
export const text = await import(`${source}/text.js`);

/** {a: {b: 1}} as {"a.b": 1}. */
function flat(object, before = "", to = {}) {
	for (const [key, value] of Object.entries(object)) {
		if (value !== null && typeof value === "object" && !Array.isArray(value))
			flat(value, `${before}${key}.`, to);
		else
			to[before + key] = value;
	}
	return to;
}

export function truth(file) {
	const report = json("report", "--format=json", file);
	return {
		file,
		info: json("info", "--format=json", file),
		run: report.run,
		sites: report.sites.map((site) => flat(site)),
	};
}

export function sum(sites, key) {
	return sites.reduce((all, site) => all + (site[key] ?? 0), 0);
}
