#include "analyzer/escape/putback.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/escape/logical.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/trace/decode.h"
#include "analyzer/util/xalloc.h"

enum { PUTBACK_ROOM = 4096 };

struct putback_chain {
	uint32_t pcs[SYMBOL_CHAIN_MAX]; /* outermost first */
	uint32_t count;
	bool vague;
	bool pointer;
};

/* What stands behind a node when a hook of that kind runs. */
struct putback_leaf {
	uint32_t node; /* 0: no kind came yet */
	uint8_t kind;
	bool vague, pointer; /* of the call that led there */
};

/* Kinds of events whose hooks are the same: both halves of a realloc have one
 * stack. */
static uint32_t
putback_hook_kind(uint32_t kind)
{
	return kind == ESC_EVENT_REALLOC || kind == ESC_EVENT_REALLOCARRAY ? ESC_EVENT_GIVE_UP
									   : kind;
}

static const char *const *
putback_hooks(uint32_t kind)
{
	static const char *const names[][6] = {
		[ESC_EVENT_MALLOC] = { "malloc" },
		[ESC_EVENT_CALLOC] = { "calloc" },
		[ESC_EVENT_MEMALIGN] = { "memalign" },
		[ESC_EVENT_POSIX_MEMALIGN] = { "posix_memalign" },
		[ESC_EVENT_ALIGNED_ALLOC] = { "aligned_alloc" },
		[ESC_EVENT_VALLOC] = { "valloc" },
		[ESC_EVENT_PVALLOC] = { "pvalloc" },
		[ESC_EVENT_FREE] = { "free", "cfree", "free_sized", "free_aligned_sized" },
		[ESC_EVENT_GIVE_UP] = { "realloc", "reallocarray" },
	};
	static const char *const all[] = { "malloc", "calloc", "realloc", "reallocarray",
		"memalign", "posix_memalign", "aligned_alloc", "valloc", "pvalloc", "free", "cfree",
		"free_sized", "free_aligned_sized", NULL };

	if (kind >= sizeof(names) / sizeof(names[0]) || names[kind][0] == NULL)
		return all;
	return names[kind];
}

/* ---- chains ---- */

/* Which module of the trace has that handle, 0: none. */
static uint32_t
putback_module(const struct putback *putback, uint32_t handle)
{
	const uint64_t *number = map_find(&putback->handle_map, (struct map_key){ .lo = handle });

	return number != NULL ? (uint32_t)*number : 0;
}

/* The pc that stands for a function that was left; 0: no room. */
static uint32_t
putback_pc(struct putback *putback, const struct symbol_chain *chain, size_t i)
{
	const struct symbol_place *place = chain->places[i];
	uint64_t offset = chain->jumps[i] != 0 ? chain->jumps[i] : place->function;
	struct map_key key = { (uint64_t)chain->modules[i] << 1 | (chain->jumps[i] != 0), offset };
	uint64_t *number;
	bool fresh;

	/* one that is known by name only */
	if (offset == 0)
		key.lo = place->frames[0].instance;
	number = map_insert(&putback->pc_map, key, &fresh);
	if (!fresh)
		return (uint32_t)*number;
	*number = 0;
	if (putback->pc_count == putback->out.pc_count)
		return 0;
	*number = ++putback->pc_count;
	putback->out.pcs[*number] = (struct definitions_pc){
		.offset = offset,
		.module = putback_module(putback, chain->modules[i]),
		.tail = true,
	};
	putback->tails[*number - putback->in->pc_count - 1] = place;
	return (uint32_t)*number;
}

static size_t
putback_add_chain(struct putback *putback, const struct putback_chain *chain)
{
	putback->chains = xgrow(putback->chains, &putback->chain_cap, putback->chain_count + 1,
	    sizeof(*putback->chains));
	putback->chains[putback->chain_count] = *chain;
	return putback->chain_count++;
}

/* One of no functions: most are, and are few. */
static size_t
putback_bare(struct putback *putback, const struct putback_chain *chain)
{
	size_t *known = &putback->bare[(unsigned)chain->pointer << 1 | chain->vague];

	if (*known == 0)
		*known = putback_add_chain(putback, chain) + 1;
	return *known - 1;
}

/* The chain behind the call at pc `caller`, to pc or (0) to a hook of that kind. */
static size_t
putback_chain(struct putback *putback, uint32_t caller, uint32_t pc, uint32_t kind)
{
	const struct definitions_pc *from = &putback->in->pcs[caller], *to = &putback->in->pcs[pc];
	struct map_key key = { (uint64_t)caller << 1 | (pc == 0), pc != 0 ? pc : kind };
	struct symbol_callee callee = { .is_return = true };
	struct symbol_scope scope = { putback->handles, putback->in->module_count, 0 };
	struct putback_chain made = { .count = 0 };
	struct symbol_chain chain = { .kind = SYMBOL_CHAIN_NONE };
	uint64_t *number;
	bool fresh;
	size_t i;

	number = map_insert(&putback->chain_map, key, &fresh);
	if (!fresh)
		return *number;
	/* a hook has no pc */
	if (pc == 0) {
		callee.names = putback_hooks(kind);
	} else {
		callee.offset = to->offset;
		callee.is_return = !to->signal;
		if (to->module != 0)
			callee.module = putback->handles[to->module - 1];
	}
	if (putback->seen[caller] != 0)
		scope.seen = putback->handles[putback->seen[caller] - 1] + 1;
	/* what a signal interrupted called nothing */
	if (!from->signal && from->module != 0 && (pc == 0 || to->module != 0))
		symbol_tail_chain(putback->logical->symbol, putback->handles[from->module - 1],
		    from->offset, &callee, &scope, &chain);
	for (i = 0; i < chain.count; i++) {
		made.pcs[made.count] = putback_pc(putback, &chain, i);
		if (made.pcs[made.count] != 0)
			made.count++;
	}
	made.vague = chain.kind == SYMBOL_CHAIN_MANY || chain.kind == SYMBOL_CHAIN_UNKNOWN;
	made.pointer = chain.indirect;
	*number = made.count > 0 ? putback_add_chain(putback, &made) : putback_bare(putback, &made);
	return *number;
}

/* ---- nodes ---- */

/* Behind `parent`, what the chain put there. */
static uint32_t
putback_extend(struct putback *putback, uint32_t parent, const struct putback_chain *chain)
{
	struct definitions_node *nodes = putback->out.nodes;
	uint64_t *number;
	uint32_t i;
	bool fresh;

	for (i = 0; i < chain->count; i++) {
		number = map_insert(
		    &putback->node_map, (struct map_key){ parent, chain->pcs[i] }, &fresh);
		if (fresh) {
			*number = 0;
			if (putback->node_count == putback->out.node_count)
				return parent;
			*number = ++putback->node_count;
			nodes[*number] = (struct definitions_node){
				.parent = parent,
				.pc = chain->pcs[i],
				.depth = nodes[parent].depth + 1,
			};
			putback->real[*number] = putback->real[parent];
			putback->frames++;
		}
		if (*number == 0)
			return parent;
		parent = (uint32_t)*number;
	}
	return parent;
}

/* Fills between (node -> number of the chain before it). Returns how many nodes these
 * will make, at most. */
static size_t
putback_find_chains(struct putback *putback, uint32_t *between)
{
	const struct definitions_node *nodes = putback->in->nodes;
	size_t count = 0;
	uint32_t i;

	for (i = 1; i <= putback->in->node_count; i++) {
		if (nodes[i].parent == 0)
			continue;
		between[i] =
		    (uint32_t)putback_chain(putback, nodes[nodes[i].parent].pc, nodes[i].pc, 0);
		count += putback->chains[between[i]].count;
	}
	return count;
}

/* Copies the nodes, with what their chains put between. */
static uint32_t *
putback_copy(struct putback *putback, const uint32_t *between)
{
	const struct definitions *in = putback->in;
	struct definitions *out = &putback->out;
	uint32_t *moved = xcalloc((size_t)in->node_count + 1, sizeof(*moved));
	uint32_t i, parent;

	for (i = 1; i <= in->node_count; i++) {
		struct definitions_node node = in->nodes[i];

		parent = moved[node.parent];
		if (parent != 0)
			parent = putback_extend(putback, parent, &putback->chains[between[i]]);
		node.parent = parent;
		node.depth = out->nodes[parent].depth + 1;
		moved[i] = ++putback->node_count;
		out->nodes[moved[i]] = node;
		putback->real[moved[i]] = putback->real[parent] + 1;
	}
	return moved;
}

/* A linker takes the first function of a name, of several libraries that have one: which
 * was called shows where it did not leave by a jump. */
static void
putback_find_seen(struct putback *putback)
{
	const struct definitions *in = putback->in;
	uint32_t i, pc, module;

	putback->seen = xcalloc((size_t)in->pc_count + 1, sizeof(*putback->seen));
	for (i = 1; i <= in->node_count; i++) {
		if (in->nodes[i].parent == 0)
			continue;
		pc = in->nodes[in->nodes[i].parent].pc;
		module = in->pcs[in->nodes[i].pc].module;
		if (module != in->pcs[pc].module)
			putback->seen[pc] = module;
	}
}

static void
putback_find_handles(struct putback *putback)
{
	const struct definitions *in = putback->in;
	uint32_t i;

	putback->handles = xcalloc((size_t)in->module_count + 1, sizeof(*putback->handles));
	for (i = 1; i <= in->module_count; i++) {
		struct map_key key = { .lo = logical_handle(putback->logical, &in->modules[i]) };
		uint64_t *number = map_insert(&putback->handle_map, key, NULL);

		putback->handles[i - 1] = (uint32_t)key.lo;
		if (*number == 0)
			*number = i;
	}
}

void
putback_init(struct putback *putback, struct logical *logical, const struct definitions *in)
{
	size_t pcs = 2 * (size_t)in->pc_count + PUTBACK_ROOM, nodes;
	struct definitions *out = &putback->out;
	uint32_t *between = xcalloc((size_t)in->node_count + 1, sizeof(*between));
	uint32_t *moved, i;

	*putback = (struct putback){ .in = in, .logical = logical, .pc_count = in->pc_count };
	*out = *in;
	putback_find_handles(putback);
	putback_find_seen(putback);
	out->pcs = xcalloc(pcs + 1, sizeof(*out->pcs));
	if (in->pc_count > 0)
		memcpy(out->pcs + 1, in->pcs + 1, in->pc_count * sizeof(*out->pcs));
	out->pc_count = (uint32_t)pcs;
	putback->tails = xcalloc(pcs - in->pc_count + 1, sizeof(struct symbol_place *));
	nodes = in->node_count + putback_find_chains(putback, between);
	nodes += in->node_count + PUTBACK_ROOM;
	out->node_count = (uint32_t)nodes;
	out->nodes = xcalloc(nodes + 1, sizeof(*out->nodes));
	putback->real = xcalloc(nodes + 1, sizeof(*putback->real));
	putback->leaves = xcalloc(nodes + 1, sizeof(*putback->leaves));
	moved = putback_copy(putback, between);
	free(between);
	/* ids beyond the recorded ones are those of leaves: each is a node's number */
	putback->ids = xcalloc((size_t)in->canonical_count + nodes + 2, sizeof(*putback->ids));
	for (i = 0; in->canonical != NULL && i <= in->canonical_count; i++)
		putback->ids[i] = moved[in->canonical[i]];
	for (i = 1; i <= nodes; i++)
		putback->ids[in->canonical_count + i] = i;
	out->canonical = putback->ids;
	out->canonical_count = in->canonical_count + (uint32_t)nodes;
	free(moved);
}

void
putback_finish(struct putback *putback)
{
	free(putback->ids);
	putback->ids = putback->out.canonical = NULL;
	putback->out.canonical_count = 0;
	free(putback->real);
	putback->real = NULL;
	free(putback->leaves);
	putback->leaves = NULL;
	free(putback->seen);
	putback->seen = NULL;
	free(putback->chains);
	putback->chains = NULL;
	map_release(&putback->handle_map);
	map_release(&putback->chain_map);
	map_release(&putback->pc_map);
	map_release(&putback->node_map);
	map_release(&putback->leaf_map);
}

void
putback_release(struct putback *putback)
{
	putback_finish(putback);
	free(putback->out.pcs);
	free(putback->out.nodes);
	free(putback->handles);
	free(putback->tails);
	*putback = (struct putback){ 0 };
}

/* ---- events ---- */

/* How many outermost nodes of the stack are the first `count` that were recorded,
 * with what was put back behind them: the call of the last one led there. */
static uint32_t
putback_depth(const struct putback *putback, uint32_t node, uint32_t count)
{
	const struct definitions_node *nodes = putback->out.nodes;

	while (node != 0 && putback->real[node] > count)
		node = nodes[node].parent;
	return nodes[node].depth;
}

static uint16_t
putback_limit(uint32_t depth)
{
	return depth < UINT16_MAX ? (uint16_t)depth : UINT16_MAX - 1;
}

/*
 * What the writer says that stands, in the new stack. It takes the innermost call
 * for the hook's own, which is made anew each time. Behind a leaf there was a frame:
 * without marks that call may stand then; with marks it does only if that is said.
 */
static void
putback_kept(const struct putback *putback, uint32_t node, uint32_t behind, struct event *event)
{
	uint32_t all;
	bool leaf = behind != node;

	if (!leaf && !event->has_kept && event->proved == UINT16_MAX)
		return;
	all = putback->real[node];
	if (leaf && putback->marks && !(event->has_kept && event->kept >= all)) {
		if (!event->has_kept || event->kept + 1U > all)
			event->kept = (uint16_t)(all - 1);
		event->has_kept = true;
	} else if (leaf && event->has_kept && event->kept + 1U == all) {
		event->has_kept = false;
	}
	if (event->has_kept && leaf && event->kept >= all)
		event->kept = putback_limit(putback->out.nodes[behind].depth - 1);
	else if (event->has_kept)
		event->kept = putback_limit(putback_depth(putback, node, event->kept));
	if (event->proved != UINT16_MAX)
		event->proved = putback_limit(putback_depth(putback, node, event->proved));
}

static struct putback_leaf
putback_make_leaf(struct putback *putback, uint32_t node, uint32_t kind)
{
	uint32_t pc = putback->out.nodes[node].pc;
	size_t number = putback_chain(putback, pc, 0, kind);
	const struct putback_chain *chain = &putback->chains[number];

	return (struct putback_leaf){
		.node = putback_extend(putback, node, chain),
		.kind = (uint8_t)kind,
		.vague = chain->vague,
		.pointer = chain->pointer,
	};
}

/* The leaf behind node, which is the node itself where it calls the hook; and what
 * is known of that call. */
static uint32_t
putback_leaf(struct putback *putback, uint32_t node, uint32_t kind, struct event *event)
{
	struct putback_leaf *leaf = &putback->leaves[node], other;
	uint64_t *number;
	bool fresh;

	if (leaf->node == 0) {
		*leaf = putback_make_leaf(putback, node, kind);
	} else if (leaf->kind != kind) {
		number = map_insert(&putback->leaf_map, (struct map_key){ node, kind }, &fresh);
		if (fresh) {
			other = putback_make_leaf(putback, node, kind);
			*number =
			    (uint64_t)other.node << 2 | (uint64_t)other.vague << 1 | other.pointer;
		}
		other = (struct putback_leaf){
			.node = (uint32_t)(*number >> 2),
			.vague = (*number & 2) != 0,
			.pointer = (*number & 1) != 0,
		};
		leaf = &other;
	}
	event->vague = leaf->vague;
	event->pointer = leaf->pointer;
	return leaf->node;
}

void
putback_event(struct putback *putback, const struct event *from, struct event *to)
{
	uint32_t node = definitions_node(&putback->out, from->stack);
	uint32_t leaf;

	if (to != from)
		*to = *from;
	if (from->stack > putback->in->canonical_count)
		to->stack = 0;
	if (node == 0 || to->stack == 0)
		return;
	/* esc.h has called it itself, through a pointer */
	leaf = decode_is_pools(from->kind)
	    ? node
	    : putback_leaf(putback, node, putback_hook_kind(from->kind), to);
	putback_kept(putback, node, leaf, to);
	to->stack = putback->in->canonical_count + leaf;
}
