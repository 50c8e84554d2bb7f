// Documents as esc's exports are, of any size and always the same for one seed.

// mulberry32: small, and good enough to make trees.
export function random(seed) {
	let state = seed | 0;

	return () => {
		state = state + 0x6d2b79f5 | 0;
		let made = Math.imul(state ^ state >>> 15, 1 | state);

		made = made + Math.imul(made ^ made >>> 7, 61 | made) ^ made;
		return ((made ^ made >>> 14) >>> 0) / 4294967296;
	};
}

// A document `tree` with that many nodes and paths. deep: how likely a node hangs below
// the one before it; the rest hang anywhere, so that trees are deep and wide.
export function randomTree({ seed = 1, nodes = 200, paths = 80, functions = 20, sites = 12, deep = 0.6 } = {}) {
	const next = random(seed);
	const pick = (count) => Math.floor(next() * count);
	const doc = {
		schema: "esc-tree/1",
		names: Array.from({ length: functions }, (_, at) => `f${at}`),
		files: ["a.c", "b.c"], modules: ["/lib/liba.so", "/bin/app"],
		frames: { name: [], file: [], line: [], module: [], wrapper: [] },
		nodes: { parent: [0], frame: [0] },
		paths: { site: [], node: [], blocks: [], bytes: [], cost_ns: [], live: [] },
	};

	for (let frame = 0; frame < functions * 3; frame++) {
		const name = frame % functions;

		doc.frames.name.push(name);
		doc.frames.file.push(name % 2);
		doc.frames.line.push(1 + pick(900));
		doc.frames.module.push(name % 5 === 4 ? pick(2) : name % 2);
		doc.frames.wrapper.push(name % 6 === 5 ? 1 : 0);
	}
	for (let node = 1; node < nodes; node++) {
		doc.nodes.parent.push(next() < deep ? node - 1 : pick(node));
		doc.nodes.frame.push(pick(functions * 3));
	}
	for (let path = 0; path < paths; path++) {
		const blocks = 1 + Math.floor(1000 ** next());

		doc.paths.site.push(1 + Math.floor(path * sites / paths));
		doc.paths.node.push(pick(nodes));
		doc.paths.blocks.push(blocks);
		doc.paths.bytes.push(blocks * (16 + pick(500)));
		doc.paths.cost_ns.push(blocks * (20 + pick(80)));
		doc.paths.live.push(pick(3));
	}
	return doc;
}

// The verdict (a number) of each path, by its site.
export function verdictsOf(doc) {
	return Uint8Array.from(doc.paths.site, (site) => site * 7 % 10);
}
