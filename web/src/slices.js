// A run in slices of time: what the time line draws, and how a range of it is rounded.

// Slices with both ends and rates, from those that are named by their ends.
export function slicesOf(timeline) {
	return timeline.map(({ at_ns: to, live_bytes: live, allocations, frees }, at) => {
		const from = at > 0 ? timeline[at - 1].at_ns : 0;

		return { from, to, live, allocations, frees, rate: to > from ? allocations * 1e9 / (to - from) : 0 };
	});
}

// A range as whole steps, one at the least, within the run.
export function rounded(from, to, step, whole) {
	const last = Math.max(1, Math.ceil(whole / step));
	const first = Math.max(0, Math.min(last - 1, Math.floor(Math.min(from, to) / step + 1e-9)));
	const end = Math.max(first + 1, Math.min(last, Math.ceil(Math.max(from, to) / step - 1e-9)));

	return { from: first * step, to: end * step };
}

// Blocks a slice of `cells` by the sites of a choice, each with its share of them.
export function chosenBlocks({ slices, threads, cells }, tree, model, choice, shares = null) {
	const made = new Float64Array(slices);
	const thread = choice.filter.thread === null ? -1 : threads.indexOf(choice.filter.thread);
	const weights = Float64Array.from(tree.paths.site, (id) => {
		const row = model.row(id);

		return row < 0 || !choice.sites[row] ? 0 : shares?.[row] ?? 1;
	});

	for (let at = 0; at < cells.path.length; at++)
		if (choice.filter.thread === null || cells.thread[at] === thread)
			made[cells.slice[at]] += cells.blocks[at] * weights[cells.path[at]];
	return made;
}

// What happened between two times: {live, allocations, frees}; slices that lie in part count
// by that part.
export function between(slices, from, to) {
	const made = { live: 0, allocations: 0, frees: 0 };

	for (const one of slices) {
		const part = (Math.min(to, one.to) - Math.max(from, one.from)) / (one.to - one.from || 1);

		if (part <= 0)
			continue;
		made.live = Math.max(made.live, one.live);
		made.allocations += one.allocations * part;
		made.frees += one.frees * part;
	}
	return made;
}
