// A run in slices of time: what the time line draws, and how a range of it is rounded.

// Slices with both ends and rates, from those that are named by their ends.
export function slicesOf(timeline) {
	return timeline.map(({ at_ns: to, live_bytes: live, allocations, frees }, at) => {
		const from = at > 0 ? timeline[at - 1].at_ns : 0;

		return { from, to, live, allocations, frees, rate: to > from ? allocations * 1e9 / (to - from) : 0 };
	});
}

// Which slices of `cells` a range touches: from the first to before the end. Times in URLs
// are whole nanoseconds and slices are not, so that one to either side does not count.
export function slicesIn({ slice_ns: step, from_ns: begin = 0 }, { from, to }) {
	const first = from === null ? 0 : Math.floor((from - begin + 1) / step);

	return { first, end: to === null ? Infinity : Math.max(first + 1, Math.ceil((to - begin - 1) / step)) };
}

// A range as whole slices, one at the least, within the run.
export function rounded(cells, from, to, whole) {
	const { slice_ns: step, from_ns: begin = 0 } = cells;
	const { first, end } = slicesIn(cells, { from: Math.min(from, to), to: Math.max(from, to) });
	const last = Math.max(1, Math.ceil((whole - begin) / step));
	const at = Math.max(0, Math.min(last - 1, first));

	return { from: begin + at * step, to: begin + Math.max(at + 1, Math.min(last, end)) * step };
}

// Where a thread stands in the cells' threads, and whether others are counted with it: of
// very many esc tells only those apart that allocate most.
export function threadIn(threads, thread) {
	const own = threads.indexOf(thread);

	return own >= 0 ? [own, false] : [threads.indexOf(0), threads.includes(0)];
}

// (at): whether the cell is of the filter's thread, process and phase.
export function chosenIn({ threads, processes, phases, cells }, { thread, process, phase }) {
	const asked = [
		thread === null ? null : [cells.thread, threadIn(threads, thread)[0]],
		process === null ? null : [cells.process, processes.indexOf(process)],
		phase === null ? null : [cells.phase, phases.indexOf(phase)],
	].filter(Boolean);

	return (at) => asked.every(([column, place]) => column[at] === place);
}

// Blocks a slice of `cells` by the sites of a choice, each with its share of them.
export function chosenBlocks(doc, tree, model, choice, shares = null) {
	const { slices, cells } = doc;
	const made = new Float64Array(slices);
	const passes = chosenIn(doc, choice.filter);
	const weights = Float64Array.from(tree.paths.site, (id) => {
		const row = model.row(id);

		return row < 0 || !choice.sites[row] ? 0 : shares?.[row] ?? 1;
	});

	for (let at = 0; at < cells.path.length; at++)
		if (passes(at))
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

// Columns of a plot in steps: the times at which any of the lists of {from, to, value}
// changes, and of each list its value from there on; null: before it begins.
export function steps(...lists) {
	const times = [...new Set(lists.flatMap((list) => list.flatMap(({ from, to }) => [from, to])))].sort((a, b) => a - b);

	return [times, ...lists.map((list) => {
		let at = 0;

		return times.map((time) => {
			while (at < list.length - 1 && list[at].to <= time)
				at++;
			return list[at]?.from <= time ? list[at].value : null;
		});
	})];
}
