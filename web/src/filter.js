// The choice that all views share, from the URL: which sites, and of those with a range
// of time, a thread, a process, a phase (or none) or a box of the heat map which blocks. Sums
// and nothing else: what is added up are cells of the documents.
import { chosenIn, slicesIn, threadIn } from "./slices.js";

const SUMS = ["blocks", "bytes", "cost_ns"];
// The columns of `sites` that a choice without restriction has as weights.
const WHOLE = { blocks: "blocks.estimated", bytes: "bytes.estimated", cost_ns: "cost_ns.total" };

// "size0-size1,life0-life1" in powers of two; life -1 is `never freed`.
function parseHeat(text) {
	const found = /^(\d+)-(\d+),(-?\d+)-(-?\d+)$/.exec(text ?? "");

	return found && {
		size: [Number(found[1]), Number(found[2])],
		life: [Number(found[3]), Number(found[4])],
	};
}

export function formatHeat({ size, life }) {
	return `${size[0]}-${size[1]},${life[0]}-${life[1]}`;
}

const numberOf = (text) => text !== undefined && text !== "" && Number.isFinite(Number(text))
	? Number(text) : null;

// {verdicts: Set or null, module, file, q, thread, process, phase, from, to, heat}, null
// where not asked; the phase "": what is in none.
export function parseFilter(state) {
	const verdicts = (state.verdict ?? "").split(",").filter(Boolean);

	return {
		verdicts: verdicts.length > 0 ? new Set(verdicts) : null,
		module: state.module || null,
		file: state.file || null,
		q: state.q || null,
		thread: numberOf(state.thread),
		process: numberOf(state.process),
		phase: state.nophase ? "" : state.phase || null,
		from: numberOf(state.from),
		to: numberOf(state.to),
		heat: parseHeat(state.heat),
	};
}

// The documents that a choice needs beside `sites`.
export function needs(filter) {
	const cells = ["thread", "process", "phase", "from", "to"].some((key) => filter[key] !== null);

	return [...cells ? ["tree", "cells"] : [], ...filter.heat ? ["heat"] : []];
}

// Which of a column's distinct texts pass: few texts are looked at, not many rows.
function passing({ text }, passes) {
	return Uint8Array.from(text, (one) => passes(one) ? 1 : 0);
}

function keep(sites, column, passes) {
	const pass = passing(column, passes);

	for (let row = 0; row < sites.length; row++)
		sites[row] &= pass[column.at[row]];
}

// A Uint8Array: 1 for each row that the filter's words choose.
export function chosenSites(model, filter) {
	const sites = new Uint8Array(model.count).fill(1);

	if (filter.verdicts)
		keep(sites, model.texts("verdict"), (text) => filter.verdicts.has(text));
	if (filter.module)
		keep(sites, model.texts("module"), (text) => text === filter.module);
	if (filter.file)
		keep(sites, model.texts("file"), (text) => text === filter.file);
	if (!filter.q)
		return sites;
	const part = filter.q.toLowerCase();
	const columns = ["function", "file", "module", "owner.function"].map((name) => model.texts(name));
	const pass = columns.map((column) => passing(column, (text) => text.toLowerCase().includes(part)));

	for (let row = 0; row < sites.length; row++)
		sites[row] &= columns.some((column, at) => pass[at][column.at[row]]) ? 1 : 0;
	return sites;
}

const newSums = (count) => Object.fromEntries(SUMS.map((name) => [name, new Float64Array(count)]));

// The sums by path of the cells that the filter chooses.
export function pathSums(tree, cells, filter) {
	const sums = newSums(tree.paths.site.length);
	const { first, end } = slicesIn(cells, filter);
	const passes = chosenIn(cells, filter);
	const { path, slice } = cells.cells;

	for (let at = 0; at < path.length; at++) {
		if (slice[at] < first || slice[at] >= end || !passes(at))
			continue;
		for (const name of SUMS)
			sums[name][path[at]] += cells.cells[name][at];
	}
	return sums;
}

// Those of paths, by row of the model.
function siteSums(model, tree, paths) {
	const sums = newSums(model.count);

	tree.paths.site.forEach((id, path) => {
		const row = model.row(id);

		for (const name of SUMS)
			if (row >= 0)
				sums[name][row] += paths[name][path];
	});
	return sums;
}

// By row: blocks and bytes in the box, and what share of the site's blocks that is.
export function heatSums(model, heat, box) {
	const made = { blocks: new Float64Array(model.count), bytes: new Float64Array(model.count) };
	const all = new Float64Array(model.count);
	const { site, size, life, blocks, bytes } = heat.cells;

	for (let at = 0; at < site.length; at++) {
		const row = model.row(site[at]);
		const lived = life[at] ?? -1;

		if (row < 0)
			continue;
		all[row] += blocks[at];
		if (size[at] < box.size[0] || size[at] > box.size[1] || lived < box.life[0] || lived > box.life[1])
			continue;
		made.blocks[row] += blocks[at];
		made.bytes[row] += bytes[at];
	}
	made.share = all.map((whole, row) => whole > 0 ? made.blocks[row] / whole : 0);
	return made;
}

// Of each site only what is in the heat map's box. Where something else restricts too, and
// for time in malloc, only its share is known.
function scaleSums(sums, heat, restricted) {
	if (!restricted) {
		sums.blocks = heat.blocks;
		sums.bytes = heat.bytes;
	} else {
		sums.blocks = sums.blocks.map((value, row) => value * heat.share[row]);
		sums.bytes = sums.bytes.map((value, row) => value * heat.share[row]);
	}
	sums.cost_ns = sums.cost_ns.map((value, row) => value * heat.share[row]);
}

/*
 * What is chosen:
 *   sites      Uint8Array by row; count of them
 *   sums       {blocks, bytes, cost_ns} by row, as far as they are chosen
 *   restricted true: not all blocks of the sites are chosen
 *   slice      ns that a range of time is rounded to, outwards; null: no range is chosen
 *   blended    true: other threads are counted with the one that is chosen
 *   shared     true: some sums are a site's share, not counted in itself
 *   missing    documents that the choice needs and that are not here: it ignores them
 *   paths(tree, metric)  Float64Array by path of the tree document
 * `documents` has tree, cells, heat as far as needs() asks, null where there is none.
 */
export function choose(model, filter, documents = {}) {
	const sites = chosenSites(model, filter);
	const timed = needs(filter).includes("cells") && documents.tree && documents.cells;
	const boxed = filter.heat && documents.heat;
	const byPath = timed ? pathSums(documents.tree, documents.cells, filter) : null;
	const sums = timed ? siteSums(model, documents.tree, byPath)
		: Object.fromEntries(SUMS.map((name) => [name, model.numbers(WHOLE[name])]));
	const heat = boxed ? heatSums(model, documents.heat, filter.heat) : null;
	let count = 0;

	if (heat)
		scaleSums(sums, heat, timed);
	for (let row = 0; row < sites.length; row++) {
		if ((timed || heat) && !(sums.blocks[row] > 0))
			sites[row] = 0;
		count += sites[row];
	}
	return {
		filter, sites, sums, count,
		all: count === model.count && !timed && !heat,
		restricted: Boolean(timed || heat),
		shared: Boolean(heat),
		blended: Boolean(timed && filter.thread !== null && threadIn(documents.cells.threads, filter.thread)[1]),
		slice: timed && (filter.from !== null || filter.to !== null) ? documents.cells.slice_ns : null,
		missing: needs(filter).filter((name) => !documents[name]),
		paths(tree, metric) {
			const from = byPath?.[metric] ?? tree.paths[metric];

			return Float64Array.from(tree.paths.site, (id, path) => {
				const row = model.row(id);

				if (row < 0 || !sites[row])
					return 0;
				return heat ? from[path] * heat.share[row] : from[path];
			});
		},
	};
}

// {blocks, bytes, cost_ns, sites} over what is chosen.
export function totals({ sites, sums, count }) {
	const made = { sites: count, blocks: 0, bytes: 0, cost_ns: 0 };

	for (let row = 0; row < sites.length; row++)
		for (const name of SUMS)
			made[name] += sites[row] ? sums[name][row] || 0 : 0;
	return made;
}
