// Stacks as one tree of functions: the paths of the document `tree`, each with a weight,
// merged so that one function under the same caller is one node. Columns of numbers and
// no recursion: a tree has hundreds of thousands of nodes and may be thousands deep.

// Nodes of a tree from callees outwards, which may be many times larger than that of
// callers: where there are no more, paths end early, and are counted.
export const MOST = 1 << 20;

const NONE = -1;
const tables = new WeakMap(); // of documents

// The functions of a document: `of` by frame; `name` and `module` (texts) by function.
export function functionsOf(doc) {
	if (tables.has(doc))
		return tables.get(doc);
	const { name, module } = doc.frames;
	const of = new Int32Array(name.length);
	const known = new Map();
	const made = { of, name: [], module: [] };

	for (let frame = 0; frame < of.length; frame++) {
		const key = name[frame] * (doc.modules.length + 1) + (module[frame] ?? NONE) + 1;
		let found = known.get(key);

		if (found === undefined) {
			known.set(key, found = made.name.length);
			made.name.push(doc.names[name[frame]] ?? "");
			made.module.push(doc.modules[module[frame]] ?? "");
		}
		of[frame] = found;
	}
	tables.set(doc, made);
	return made;
}

const ends = new WeakMap(); // of documents

// By path, the node of the site: the innermost that is no wrapper, which allocates for its
// caller; that of the allocation where all are.
export function sitesOf(doc) {
	if (ends.has(doc))
		return ends.get(doc);
	const { nodes: { parent, frame }, frames: { wrapper } } = doc;
	const outer = new Int32Array(parent.length); // by node, itself or what is around wrappers

	for (let node = 1; node < parent.length; node++)
		outer[node] = wrapper[frame[node]] ? outer[parent[node]] : node;
	const made = Int32Array.from(doc.paths.node, (node) => outer[node] || node);

	ends.set(doc, made);
	return made;
}

const grown = (array, count) => {
	const made = new array.constructor(count);

	made.set(array);
	return made;
};

// Nodes that are found by parent and function, in an open table of powers of two.
class Builder {
	constructor(room = 1024) {
		this.count = 1;
		this.parent = new Int32Array(room);
		this.fn = new Int32Array(room).fill(NONE, 0, 1);
		this.frame = new Int32Array(room).fill(NONE, 0, 1);
		this.many = new Uint8Array(room);
		this.table = new Int32Array(room * 2);
	}

	grow() {
		const room = this.parent.length * 2;

		for (const name of ["parent", "fn", "frame", "many"])
			this[name] = grown(this[name], room);
		this.table = new Int32Array(room * 2);
		for (let node = 1; node < this.count; node++)
			this.table[this.slot(this.parent[node], this.fn[node])] = node;
	}

	slot(parent, fn) {
		const mask = this.table.length - 1;
		let at = Math.imul(Math.imul(parent, 0x9e3779b1) ^ fn, 0x85ebca6b);

		at = (at ^ at >>> 15) & mask;
		for (;;) {
			const node = this.table[at];

			if (node === 0 || (this.parent[node] === parent && this.fn[node] === fn))
				return at;
			at = at + 1 & mask;
		}
	}

	// The child that is function fn; NONE where it would be one node more than `most`.
	child(parent, fn, frame, most = Infinity) {
		let at = this.slot(parent, fn);

		if (this.table[at] !== 0) {
			if (this.frame[this.table[at]] !== frame)
				this.many[this.table[at]] = 1;
			return this.table[at];
		}
		if (this.count >= most)
			return NONE;
		if (this.count === this.parent.length) {
			this.grow();
			at = this.slot(parent, fn);
		}
		const node = this.count++;

		this.table[at] = node;
		this.parent[node] = parent;
		this.fn[node] = fn;
		this.frame[node] = frame;
		return node;
	}
}

function newLeaves(count, differs) {
	return {
		count: 0, node: new Int32Array(count), path: new Int32Array(count),
		verdict: new Uint8Array(count), value: new Float64Array(count),
		other: differs ? new Float64Array(count) : null,
	};
}

function addLeaf(leaves, node, from, at) {
	const place = leaves.count++;

	leaves.node[place] = node;
	leaves.path[place] = from.path[at];
	leaves.verdict[place] = from.verdict[at];
	leaves.value[place] = from.value[at];
	if (leaves.other)
		leaves.other[place] = from.other[at];
}

// Which verdict has most of each node's weight: the first of equals, as analyzer/export.
function verdictsOf({ count, parent }, leaves) {
	const kinds = [...new Set(leaves.verdict.subarray(0, leaves.count))].sort((a, b) => a - b);
	const most = new Float64Array(count);
	const sums = new Float64Array(count);
	const made = new Uint8Array(count).fill(kinds[0] ?? 0);

	for (const kind of kinds) {
		sums.fill(0);
		for (let at = 0; at < leaves.count; at++)
			if (leaves.verdict[at] === kind)
				sums[leaves.node[at]] += leaves.value[at] + (leaves.other ? leaves.other[at] : 0);
		for (let node = count - 1; node > 0; node--)
			sums[parent[node]] += sums[node];
		for (let node = 0; node < count; node++) {
			if (sums[node] > most[node]) {
				most[node] = sums[node];
				made[node] = kind;
			}
		}
	}
	return made;
}

// What nodes hold themselves, and with all below: children stand behind their parents.
function sums({ count, parent }, leaves, column) {
	const self = new Float64Array(count);

	for (let at = 0; at < leaves.count; at++)
		self[leaves.node[at]] += leaves[column][at];
	const total = self.slice();

	for (let node = count - 1; node > 0; node--)
		total[parent[node]] += total[node];
	return { self, total };
}

/*
 * A tree: by node `parent` (before its children; 0 is the root), `fn` (a place in
 * `functions`, NONE at the root), `frame` (a frame of it; `many`: not the only one), `self`,
 * `total`, `verdict`; `other`, `otherSelf`: the second run's, where there is one. `leaves`:
 * what was added up. `cut`: paths that end early.
 */
function finish(builder, leaves, functions, cut = 0) {
	const { count } = builder;
	const made = { count, leaves, functions, cut };

	for (const name of ["parent", "fn", "frame", "many"])
		made[name] = builder[name].slice(0, count);
	Object.assign(made, sums(made, leaves, "value"), { other: null, otherSelf: null });
	if (leaves.other) {
		const second = sums(made, leaves, "other");

		made.other = second.total;
		made.otherSelf = second.self;
	}
	made.verdict = verdictsOf(made, leaves);
	return made;
}

// Which nodes of the document have weight below them.
function used({ parent }, paths, weights) {
	const made = new Uint8Array(parent.length);

	for (let path = 0; path < paths.length; path++)
		if (weights[path] > 0)
			made[paths[path]] = 1;
	for (let node = parent.length - 1; node > 0; node--)
		if (made[node])
			made[parent[node]] = 1;
	return made;
}

// Adds a document's nodes below `root`: its node to that of the tree.
function addNodes(builder, root, { doc, weights, fns, frames }) {
	const { parent, frame } = doc.nodes;
	const keep = used(doc.nodes, sitesOf(doc), weights);
	const made = new Int32Array(parent.length);

	made[0] = root;
	for (let node = 1; node < parent.length; node++)
		if (keep[node])
			made[node] = builder.child(made[parent[node]], fns[frame[node]], frames + frame[node]);
	return made;
}

/*
 * The tree of `parts`: [{doc, weights (by path), verdicts (by path), group, second}].
 * group: the name of a node of its own above all of the part (a thread). second: weights
 * are the second run's. Functions of several documents are the same by name and by the
 * module's file name.
 */
export function merge(parts) {
	const functions = { name: [], module: [], docs: [] };
	const joined = join(parts.map((part) => part.doc), functions);
	const size = parts.reduce((sum, { doc }) => sum + doc.paths.node.length, 0);
	const leaves = newLeaves(size, parts.some((part) => part.second));
	const builder = new Builder();

	for (const part of parts) {
		const { doc, weights, verdicts, group, second } = part;
		const root = group === undefined ? 0 : builder.child(0, addGroup(functions, group), NONE);
		const sites = sitesOf(doc);
		const nodes = addNodes(builder, root, { doc, weights, ...joined.get(doc) });

		for (let path = 0; path < doc.paths.node.length; path++) {
			if (!(weights[path] > 0))
				continue;
			const at = leaves.count++;

			leaves.node[at] = nodes[sites[path]];
			leaves.path[at] = path;
			leaves.verdict[at] = verdicts[path];
			(second ? leaves.other : leaves.value)[at] = weights[path];
		}
	}
	return finish(builder, leaves, functions);
}

function addGroup(functions, name) {
	functions.groups ??= functions.name.length;
	functions.name.push(name);
	functions.module.push("");
	return functions.name.length - 1;
}

// By document: `fns`, from a frame to its function in the table that is filled, and
// `frames`, what is added to its frames' numbers so that they are those of no other.
function join(docs, functions) {
	const made = new Map();
	const known = new Map();
	const distinct = [...new Set(docs)];
	let frames = 0;

	for (const doc of distinct) {
		const table = functionsOf(doc);
		const to = table.name.map((name, fn) => {
			const module = table.module[fn];
			const key = distinct.length === 1 ? fn
				: `${name}\n${module.slice(module.lastIndexOf("/") + 1)}`;

			if (!known.has(key)) {
				known.set(key, functions.name.length);
				functions.name.push(name);
				functions.module.push(module);
			}
			return known.get(key);
		});

		made.set(doc, { fns: table.of.map((fn) => to[fn]), frames });
		functions.docs.push({ doc, frames });
		frames += table.of.length;
	}
	return made;
}

const isGroup = ({ functions, fn }, node) => node > 0 && fn[node] >= (functions.groups ?? Infinity);

// Where a walk outwards of each leaf begins, and what weight it has: leaves that begin at
// one node go together.
function starts({ count, leaves }, from) {
	const place = new Int32Array(count).fill(NONE);
	const of = new Int32Array(leaves.count);
	const node = [];
	const weight = [];

	for (let at = 0; at < leaves.count; at++) {
		const first = from(at);

		if (first !== NONE && place[first] === NONE) {
			place[first] = node.length;
			node.push(first);
			weight.push(0);
		}
		of[at] = first === NONE ? NONE : place[first];
		if (first !== NONE)
			weight[of[at]] += leaves.value[at] + (leaves.other ? leaves.other[at] : 0);
	}
	return { of, node: Int32Array.from(node), weight: Float64Array.from(weight) };
}

// The nodes that walks begin under: the root, or the group that each belongs to.
function roots(tree, builder, nodes) {
	const made = new Int32Array(nodes.length);

	if (tree.functions.groups === undefined)
		return made;
	const group = new Int32Array(tree.count); // by node of the tree, that of the builder

	for (let node = 1; node < tree.count; node++)
		group[node] = isGroup(tree, node) ? builder.child(0, tree.fn[node], NONE) : group[tree.parent[node]];
	return made.map((_, at) => group[nodes[at]]);
}

/*
 * Turned inside out: under the root (or a group) the allocating functions, under each of
 * them its callers. from(leaf): where the walk begins, NONE to leave it out; the default
 * is the leaf's own node. All walks go one level at a time; those that meet at a node of
 * less than `least` of the whole weight end there, and those that find no room.
 */
export function invert(tree, { most = MOST, least = 0, from = (at) => tree.leaves.node[at] } = {}) {
	const { parent, fn, frame, leaves } = tree;
	const builder = new Builder();
	const { of, node, weight } = starts(tree, from);
	const to = roots(tree, builder, node);
	let held = new Float64Array(1024); // by node of the builder
	let walks = Int32Array.from(node, (_, at) => at).filter((at) => node[at] > 0 && !isGroup(tree, node[at]));
	let cut = 0;

	least *= weight.reduce((sum, one) => sum + one, 0);
	while (walks.length > 0) {
		for (const at of walks) {
			const next = builder.child(to[at], fn[node[at]], frame[node[at]], most);

			if (next === NONE) {
				node[at] = NONE;
				cut++;
				continue;
			}
			if (next >= held.length)
				held = grown(held, builder.parent.length);
			held[next] += weight[at];
			to[at] = next;
			node[at] = parent[node[at]];
		}
		walks = walks.filter((at) => {
			if (node[at] <= 0 || isGroup(tree, node[at]))
				return false;
			if (held[to[at]] >= least)
				return true;
			cut++;
			return false;
		});
	}
	const made = newLeaves(leaves.count, leaves.other !== null);

	for (let at = 0; at < leaves.count; at++)
		if (of[at] !== NONE)
			addLeaf(made, to[of[at]], leaves, at);
	return finish(builder, made, tree.functions, cut);
}

// The outermost activation of fn at or above each node; NONE where there is none.
function outermost({ count, parent, fn: fns }, fn) {
	const made = new Int32Array(count).fill(NONE);

	for (let node = 1; node < count; node++) {
		made[node] = made[parent[node]];
		if (made[node] === NONE && fns[node] === fn)
			made[node] = node;
	}
	return made;
}

// What function fn calls, and who calls it: two trees with fn on top. Of a recursion its
// outermost activation counts, so that no weight counts twice.
export function around(tree, fn, limits = {}) {
	const { count, parent, fn: fns, frame, leaves } = tree;
	const outer = outermost(tree, fn);
	const builder = new Builder();
	const to = new Int32Array(count).fill(NONE);
	const below = newLeaves(leaves.count, leaves.other !== null);

	for (let node = 1; node < count; node++) {
		if (outer[node] !== NONE)
			to[node] = builder.child(outer[node] === node ? 0 : to[parent[node]], fns[node], frame[node]);
	}
	for (let at = 0; at < leaves.count; at++)
		if (to[leaves.node[at]] !== NONE)
			addLeaf(below, to[leaves.node[at]], leaves, at);
	return {
		callees: finish(builder, below, tree.functions),
		callers: invert(tree, { ...limits, from: (at) => outer[leaves.node[at]] }),
	};
}

/*
 * Of each function, by its place in the table: `self`, and `total` of all paths that it is
 * on, each once. A walk in the order of the tree with a count of what it is inside of.
 */
export function functionSums(tree) {
	const { count, parent, fn, functions } = tree;
	const made = { self: new Float64Array(functions.name.length), total: new Float64Array(functions.name.length) };
	const first = new Int32Array(count).fill(NONE);
	const next = new Int32Array(count).fill(NONE);
	const inside = new Int32Array(functions.name.length);

	for (let node = count - 1; node > 0; node--) {
		next[node] = first[parent[node]];
		first[parent[node]] = node;
	}
	for (let node = 0; node !== NONE;) {
		if (node > 0) {
			made.self[fn[node]] += tree.self[node];
			if (inside[fn[node]]++ === 0)
				made.total[fn[node]] += tree.total[node];
		}
		if (first[node] !== NONE) {
			node = first[node];
			continue;
		}
		while (node > 0 && next[node] === NONE) {
			inside[fn[node]]--;
			node = parent[node];
		}
		if (node > 0)
			inside[fn[node]]--;
		node = node > 0 ? next[node] : NONE;
	}
	return made;
}

// {file, line, module} of a node's function; line 0 where it has several.
export function placeOf({ functions, fn, frame, many }, node) {
	const module = functions.module[fn[node]] ?? "";

	if (!(frame[node] >= 0))
		return { file: "", line: 0, module };
	const { doc, frames } = functions.docs.findLast((one) => one.frames <= frame[node]);
	const at = frame[node] - frames;

	return { file: doc.files[doc.frames.file[at]] ?? "", line: many[node] ? 0 : doc.frames.line[at], module };
}

// Which functions a search finds: a Uint8Array, or null where nothing is asked. Text in any
// case; a regular expression where it stands between slashes.
export function matches({ name }, text) {
	if (!text)
		return null;
	const expression = /^\/(.+)\/$/.exec(text);
	let test = (one) => one.toLowerCase().includes(text.toLowerCase());

	if (expression) {
		try {
			const found = new RegExp(expression[1], "i");

			test = (one) => found.test(one);
		} catch {
			// half typed: as text
		}
	}
	return Uint8Array.from(name, (one) => test(one) ? 1 : 0);
}

// The weight of all paths with a function that was found: of frames inside one another
// only the outermost counts.
export function matchedWeight({ count, parent, fn, total }, found) {
	const inside = new Uint8Array(count);
	let sum = 0;

	for (let node = 1; node < count; node++) {
		const hit = found[fn[node]];

		inside[node] = inside[parent[node]] | hit;
		if (hit && !inside[parent[node]])
			sum += total[node];
	}
	return sum;
}
