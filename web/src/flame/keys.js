// Where the arrow keys lead in a tree that was laid out: to the parent, the heaviest child
// and the neighbours on a level, of which those too narrow to be seen are passed over.
import { levelOf } from "./layout.js";

// The next node on the level in that direction (1, -1) with at least that width, or node.
function beside(laid, node, direction, least) {
	const level = levelOf(laid, node);
	const low = laid.levels[level];
	const end = laid.levels[level + 1];

	for (let at = node + direction; at >= low && at < end; at += direction)
		if (laid.width[at] >= least)
			return at;
	return node;
}

// flip: the root is at the bottom, so that up leads outwards from it. null: no such key.
export function step(laid, node, key, { flip = false, least = 0 } = {}) {
	const child = laid.child[node] < laid.child[node + 1] ? laid.child[node] : node;
	const parent = laid.parent[node];

	switch (key) {
	case "ArrowDown": return flip ? parent : child;
	case "ArrowUp": return flip ? child : parent;
	case "ArrowLeft": return beside(laid, node, -1, least);
	case "ArrowRight": return beside(laid, node, 1, least);
	case "Home": return 0;
	default: return null;
	}
}

// Where to zoom out to: the next node outwards that is wider.
export function outwards(laid, node) {
	let at = laid.parent[node];

	while (at > 0 && !(laid.width[at] > laid.width[node] * 1.0001))
		at = laid.parent[at];
	return at;
}
