#include "analyzer/model/places.h"

#include <stdlib.h>

#include "analyzer/trace/definitions.h"
#include "analyzer/util/xalloc.h"

/* Pairs looked at lately, a power of 2: few are at work at a time. */
enum { PLACES_RECENT = 2048 };

struct place_pc {
	struct place place;
	struct place_code code;
	struct place_step again; /* from it to itself */
	bool has_place, has_code, has_again;
};

struct place_pair {
	uint32_t from, to;
	struct place_step step;
};

void
places_init(struct places *places, const struct definitions *definitions,
    const struct place_hooks *hooks, void *data)
{
	*places = (struct places){
		.definitions = definitions,
		.hooks = hooks,
		.data = data,
		.pcs = xcalloc((size_t)definitions->pc_count + 1, sizeof(*places->pcs)),
		.nodes = xcalloc((size_t)definitions->node_count + 1, sizeof(*places->nodes)),
		.recent = xcalloc(PLACES_RECENT, sizeof(*places->recent)),
	};
}

void
places_release(struct places *places)
{
	free(places->pcs);
	free(places->nodes);
	free(places->recent);
	free(places->steps);
	free(places->todo);
	map_release(&places->pair_map);
	*places = (struct places){ 0 };
}

const struct place *
places_get(struct places *places, uint32_t pc)
{
	struct place_pc *known = &places->pcs[pc];

	if (!known->has_place) {
		known->has_place = true;
		known->place = places->hooks->place(places->data, pc);
	}
	return &known->place;
}

const struct place_code *
places_code(struct places *places, uint32_t pc)
{
	struct place_pc *known = &places->pcs[pc];

	if (!known->has_code) {
		known->has_code = true;
		known->code = places->hooks->code(places->data, pc);
	}
	return &known->code;
}

static const struct place_step *
places_again(struct places *places, uint32_t pc)
{
	struct place_pc *known = &places->pcs[pc];

	if (!known->has_again) {
		known->has_again = true;
		known->again = places->hooks->step(places->data, pc, pc);
	}
	return &known->again;
}

/* Out of the map of all pairs into the recent ones. */
static void
places_recall(struct places *places, struct place_pair *pair)
{
	struct map_key key = { pair->from, pair->to };
	bool fresh;
	uint64_t *number = map_insert(&places->pair_map, key, &fresh);

	if (fresh) {
		*number = places->step_count;
		places->steps = xgrow(places->steps, &places->step_cap, places->step_count + 1,
		    sizeof(*places->steps));
		places->steps[places->step_count++] =
		    places->hooks->step(places->data, pair->from, pair->to);
	}
	pair->step = places->steps[*number];
}

const struct place_step *
places_step(struct places *places, uint32_t from, uint32_t to)
{
	struct place_pair *pair;

	if (from == to)
		return places_again(places, from);
	pair = &places->recent[(from * 0x9e3779b1U ^ to * 0x85ebca6bU) >> 8 & (PLACES_RECENT - 1)];
	if (pair->from != from || pair->to != to) {
		*pair = (struct place_pair){ .from = from, .to = to };
		places_recall(places, pair);
	}
	return &pair->step;
}

/*
 * The nodes from `node` outward of which something is not known, that is
 * `judged` or the count of levels: innermost first. Returns how many.
 */
static size_t
places_unknown(struct places *places, uint32_t node, bool judged)
{
	const struct definitions_node *nodes = places->definitions->nodes;
	size_t count = 0;

	for (; node != 0; node = nodes[node].parent) {
		if (judged ? places->nodes[node].judged : places->nodes[node].levels != 0)
			break;
		places->todo =
		    xgrow(places->todo, &places->todo_cap, count + 1, sizeof(*places->todo));
		places->todo[count++] = node;
	}
	return count;
}

/* Two jumps of one length make one of twice that, and one. */
static uint32_t
places_jump(const struct places *places, uint32_t parent)
{
	const struct definitions_node *nodes = places->definitions->nodes;
	uint32_t once = places->nodes[parent].jump;
	uint32_t twice = places->nodes[once].jump;

	if (nodes[parent].depth - nodes[once].depth == nodes[once].depth - nodes[twice].depth)
		return twice;
	return parent;
}

uint32_t
places_ancestor(const struct places *places, uint32_t node, uint32_t depth)
{
	const struct definitions_node *nodes = places->definitions->nodes;
	uint32_t jump;

	while (nodes[node].depth > depth) {
		jump = places->nodes[node].jump;
		node = nodes[jump].depth >= depth ? jump : nodes[node].parent;
	}
	return node;
}

uint32_t
places_common(const struct places *places, uint32_t a, uint32_t b)
{
	const struct definitions_node *nodes = places->definitions->nodes;

	if (nodes[a].depth > nodes[b].depth)
		a = places_ancestor(places, a, nodes[b].depth);
	else
		b = places_ancestor(places, b, nodes[a].depth);
	/* nodes of one depth jump equally far */
	while (a != b) {
		uint32_t jump = places->nodes[a].jump, other = places->nodes[b].jump;

		a = jump != other ? jump : nodes[a].parent;
		b = jump != other ? other : nodes[b].parent;
	}
	return a;
}

const struct place_node *
places_ask_node(struct places *places, uint32_t node)
{
	size_t count = places_unknown(places, node, false);
	const struct definitions_node *def;
	struct place_node *to;

	while (count-- > 0) {
		def = &places->definitions->nodes[places->todo[count]];
		to = &places->nodes[places->todo[count]];
		to->jump = places_jump(places, def->parent);
		to->own = places_get(places, def->pc)->levels;
		to->levels = places->nodes[def->parent].levels +
		    places->hooks->tails(places->data, places->todo[count]) + to->own;
	}
	return &places->nodes[node];
}

/*
 * Why a level is the same activation at two events: the code that runs first in
 * a thread is, and main's caller; so is what is called by an activation that is the same, and that
 * did not make that call again; and one that could not have come here anew
 * without an event, with all that is outside of it.
 */
static void
places_judge(struct places *places, uint32_t node, enum place_between between)
{
	const struct definitions_node *def = &places->definitions->nodes[node];
	const struct place_node *parent = &places->nodes[def->parent];
	struct place_node *to = &places->nodes[node];
	const struct place *place = places_get(places, def->pc);
	const struct place_code *code = places_code(places, def->pc);
	const struct place_step *again = places_again(places, def->pc);
	uint32_t base = to->levels - to->own, firm = 0;
	uint32_t guarded = between == PLACE_NOTHING ? code->guarded : 0;

	bool entered = place->startup;

	if (def->parent != 0) {
		firm = parent->firm[between];
		entered = place->once || (parent->passes[between] && !code->rejoins);
	}
	if (entered)
		firm = base + 1;
	if (guarded > 0 && base + guarded > firm)
		firm = base + guarded;
	to->arrived[between] = firm;
	to->passes[between] = false;
	/* a stack may be begun anew, by code that did not make its call again */
	if (firm > base &&
	    (place->once || ((def->parent != 0 || place->loader) && again->alive[between] == 0))) {
		firm = to->levels;
		to->passes[between] = true;
	} else if (firm > base && base + again->firm[between] > firm) {
		firm = base + again->firm[between];
	}
	to->firm[between] = firm;
}

const struct place_node *
places_judged(struct places *places, uint32_t node)
{
	size_t count;

	if (places->nodes[node].judged)
		return &places->nodes[node];
	places_node(places, node);
	count = places_unknown(places, node, true);
	while (count-- > 0) {
		uint32_t at = places->todo[count];

		places_judge(places, at, PLACE_NOTHING);
		places_judge(places, at, PLACE_GAP);
		places->nodes[at].judged = true;
	}
	return &places->nodes[node];
}

bool
places_same_function(struct places *places, uint32_t a, uint32_t b)
{
	const struct definitions_pc *pcs = places->definitions->pcs;
	uint64_t function;

	if (a == b)
		return true;
	function = places_get(places, a)->function;
	return function != 0 && pcs[a].module == pcs[b].module &&
	    function == places_get(places, b)->function;
}

/* Where a pc stands in the order of its function. Compilers lay the part that is
 * hardly run (handlers of exceptions) before the function: it comes last here. */
static uint64_t
places_position(struct places *places, uint32_t pc)
{
	uint64_t offset = places->definitions->pcs[pc].offset;

	if (places->definitions->pcs[pc].tail) /* the last that its function does */
		return UINT64_MAX;
	if (offset < places_get(places, pc)->function)
		return offset | 1ULL << 63;
	return offset;
}

bool
places_backward(struct places *places, uint32_t a, uint32_t b)
{
	return a == b || places_position(places, b) <= places_position(places, a);
}
