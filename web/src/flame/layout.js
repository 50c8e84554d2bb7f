// Where the nodes of a tree stand: numbered anew, level by level and from left to right,
// so that a level is a row of neighbours that can be searched by halves, and the children
// of a node stand side by side, the heaviest first.

function sortChildren(children, from, to, before) {
	if (to - from > 24) {
		children.subarray(from, to).sort((a, b) => before(a, b) ? -1 : 1);
		return;
	}
	for (let at = from + 1; at < to; at++) {
		const node = children[at];
		let place = at;

		for (; place > from && before(node, children[place - 1]); place--)
			children[place] = children[place - 1];
		children[place] = node;
	}
}

// Children by parent: those of `node` are children[first[node]] to first[node + 1].
function childrenOf({ count, parent }) {
	const first = new Int32Array(count + 1);
	const children = new Int32Array(count);

	for (let node = 1; node < count; node++)
		first[parent[node] + 1]++;
	for (let node = 0; node < count; node++)
		first[node + 1] += first[node];
	const next = first.slice();

	for (let node = 1; node < count; node++)
		children[next[parent[node]]++] = node;
	return { first, children };
}

// The order of all nodes by level, and where each level begins (and the last one ends).
function levelOrder(tree, width) {
	const { count, fn, functions: { name } } = tree;
	const { first, children } = childrenOf(tree);
	const order = new Int32Array(count);
	const levels = [0, 1];
	let end = 1;
	const before = (a, b) => width[a] !== width[b] ? width[a] > width[b]
		: name[fn[a]] !== name[fn[b]] ? name[fn[a]] < name[fn[b]] : a < b;

	for (let at = 0; at < end; at++) {
		const node = order[at];

		if (at === levels.at(-1))
			levels.push(end);
		sortChildren(children, first[node], first[node + 1], before);
		for (let place = first[node]; place < first[node + 1]; place++)
			order[end++] = children[place];
	}
	if (levels.at(-1) !== count)
		levels.push(count);
	return { order, levels: Int32Array.from(levels) };
}

const WIDTHS = {
	first: (tree) => tree.total,
	second: (tree) => tree.other,
	both: (tree) => tree.total.map((value, node) => value + tree.other[node]),
};

// The column in another order. (TypedArray.from is ten times slower.)
function moved(column, order) {
	const made = new column.constructor(order.length);

	for (let at = 0; at < order.length; at++)
		made[at] = column[order[at]];
	return made;
}

/*
 * The tree (of flame/tree.js) in its order, with: `levels` (nodes of level L are levels[L] to
 * levels[L + 1]), `child` (children of node N are child[N] to child[N + 1]), `start` and
 * `width` (0 to width[0]). wide: of two runs, whose weight a width is.
 */
export function layOut(tree, wide = "first") {
	const weight = WIDTHS[tree.other ? wide : "first"](tree);
	const { order, levels } = levelOrder(tree, weight);
	const { count } = tree;
	const place = new Int32Array(count); // old number to new
	const made = { ...tree, levels, child: new Int32Array(count + 1), start: new Float64Array(count) };

	for (let at = 0; at < count; at++)
		place[order[at]] = at;
	for (const name of ["fn", "frame", "many", "self", "total", "other", "otherSelf", "verdict"])
		made[name] = tree[name] && moved(tree[name], order);
	made.width = moved(weight, order);
	made.parent = moved(tree.parent, order);
	for (let node = 0; node < count; node++)
		made.parent[node] = place[made.parent[node]];
	made.leaves = { ...tree.leaves, node: moved(place, tree.leaves.node) };
	return placed(made);
}

// Children begin where their parent does; those of a node end where the next one's begin.
function placed(made) {
	const { count, parent, child, start, width } = made;
	let next = 1;

	for (let node = 0; node < count; node++) {
		let x = start[node];

		child[node] = next;
		while (next < count && parent[next] === node) {
			start[next] = x;
			x += width[next++];
		}
	}
	child[count] = next;
	return made;
}

// The level of a node.
export function levelOf({ levels }, node) {
	let low = 0;
	let high = levels.length - 2;

	while (low < high) {
		const middle = low + high + 1 >> 1;

		if (levels[middle] <= node)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

// The first of the level's nodes from `from` on that ends behind x; the level's end: none.
export function firstBehind({ start, width }, from, to, x) {
	while (from < to) {
		const middle = from + to >> 1;

		if (start[middle] + width[middle] > x)
			to = middle;
		else
			from = middle + 1;
	}
	return from;
}

// The node at x of a level, or -1.
export function nodeAt(laid, level, x) {
	if (level < 0 || level + 1 >= laid.levels.length)
		return -1;
	const end = laid.levels[level + 1];
	const node = firstBehind(laid, laid.levels[level], end, x);

	return node < end && laid.start[node] <= x ? node : -1;
}

function hashText(text, seed) {
	let made = seed;

	for (let at = 0; at < text.length; at++)
		made = Math.imul(made ^ text.charCodeAt(at), 0x01000193);
	return made ^ made >>> 15;
}

const hex = (number) => (number >>> 0).toString(16).padStart(8, "0");

// Names of nodes that hold in another run of the page: hashes of all functions on the way.
function keysOf(laid) {
	if (laid.keys)
		return laid.keys;
	const { count, parent, fn, functions } = laid;
	const low = functions.name.map((name) => hashText(name, 0x811c9dc5 | 0));
	const high = functions.name.map((name) => hashText(name, 0x1b873593));
	const made = { low: new Int32Array(count), high: new Int32Array(count) };

	for (let node = 1; node < count; node++) {
		made.low[node] = Math.imul(made.low[parent[node]] ^ low[fn[node]], 0x9e3779b1) + 1;
		made.high[node] = Math.imul(made.high[parent[node]] ^ high[fn[node]], 0x85ebca6b) + 1;
	}
	laid.keys = made;
	return made;
}

// For the URL; "" is the root.
export function keyOf(laid, node) {
	const { low, high } = keysOf(laid);

	return node > 0 ? hex(high[node]) + hex(low[node]) : "";
}

// The node of a key: 0 for "", -1 where there is none.
export function nodeOf(laid, key) {
	if (!key)
		return 0;
	if (!/^[0-9a-f]{16}$/.test(key))
		return -1;
	const { low, high } = keysOf(laid);
	const wantedHigh = parseInt(key.slice(0, 8), 16) | 0;
	const wantedLow = parseInt(key.slice(8), 16) | 0;

	for (let node = 1; node < laid.count; node++)
		if (low[node] === wantedLow && high[node] === wantedHigh)
			return node;
	return -1;
}

// The site with most weight below a node: the path's place in its document, or -1.
export function heaviestPath({ count, parent, leaves }, top) {
	const inside = new Uint8Array(count);
	let best = -1;
	let most = 0;

	inside[top] = 1;
	for (let node = top + 1; node < count; node++)
		inside[node] = inside[parent[node]];
	for (let at = 0; at < leaves.count; at++) {
		if (inside[leaves.node[at]] && leaves.value[at] > most) {
			most = leaves.value[at];
			best = leaves.path[at];
		}
	}
	return best;
}
