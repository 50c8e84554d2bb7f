/*
 * What is known of places in code, as the replay of stacks needs it: asked once
 * and kept, by pc, by pair of pcs and by node.
 *
 * A level is a logical activation: the run of a function, or of an inlined
 * instance of one. Each physical frame of a stack has one level or more, its
 * function's own first (outermost), then those of the instances inlined there;
 * the frames that tail calls left are levels of the one behind, before its own.
 * The levels of a node are those of its parent and its own.
 *
 * Two consecutive events of one stack have it in common down to some call that
 * is still in progress, or in progress again. Whether it is the same call, and
 * which levels are the same activations, is what the answers here are about.
 */
#ifndef MODEL_PLACES_H
#define MODEL_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/util/map.h"

struct definitions;

/* What two events in a row may have between them. */
enum place_between {
	PLACE_NOTHING, /* they are consecutive: no call of a hook was made */
	PLACE_GAP,     /* calls that were not recorded */
	PLACE_BETWEENS,
};

/* A place in code, whoever calls it. */
struct place {
	uint64_t function; /* identity in its module; 0: not known */
	uint32_t levels;   /* of its physical frame; at least 1 */
	bool startup;      /* start-up, thread-start or exit code */
	bool once;         /* such code that calls what it calls here but once */
	bool loader;       /* start-up code of the loader: over when the program starts */
};

/* What the code of its function tells of a place. */
struct place_code {
	/* So many of its levels, from the outermost, cannot be new ones if nothing
	 * was between: they would have called a hook on their way here. */
	uint32_t guarded;
	/* The function may end in a jump to another, which takes its place */
	bool tails;   /* ... be it to a hook */
	bool leaves;  /* ... to one that calls hooks in turn */
	bool rejoins; /* ... and from there to itself, anew */
};

/* A step of one physical activation from one of its calls to another (or the
 * same again). Counts of levels, from the outermost. */
struct place_step {
	uint32_t alive[PLACE_BETWEENS]; /* may be the same; the others are over; 0: it
	                                   cannot be one activation that made both calls */
	uint32_t firm[PLACE_BETWEENS];  /* are the same, if the first is */
	bool known;                     /* the code was read */
};

struct place_hooks {
	struct place (*place)(void *data, uint32_t pc);
	struct place_code (*code)(void *data, uint32_t pc);
	/* Both pcs are of one function. */
	struct place_step (*step)(void *data, uint32_t from, uint32_t to);
	/* Frames that tail calls left between the node and its parent. */
	uint32_t (*tails)(void *data, uint32_t node);
};

/* Of a node n whose frame, at the second event, is at the call n stands for. */
struct place_node {
	uint32_t levels; /* of it and of all outside; 0: not yet asked */
	uint32_t own;    /* levels of the physical frame itself */
	uint32_t jump;   /* an ancestor, far out or near: see places_ancestor */
	/* So many outermost levels are the same activations as at the event before:
	 * those that made another call then, and those that were at this one, too. */
	uint32_t arrived[PLACE_BETWEENS];
	uint32_t firm[PLACE_BETWEENS];
	bool passes[PLACE_BETWEENS]; /* all are, and its call was not made again */
	bool judged;
};

struct place_pc;
struct place_pair;

struct places {
	const struct definitions *definitions; /* not owned */
	const struct place_hooks *hooks;       /* not owned */
	void *data;
	struct place_pc *pcs;
	struct place_node *nodes;
	struct map pair_map;
	struct place_pair *recent;
	struct place_step *steps; /* by number in pair_map */
	size_t step_count, step_cap;
	uint32_t *todo; /* scratch */
	size_t todo_cap;
};

/* hooks must stay until the release. */
void places_init(struct places *places, const struct definitions *definitions,
    const struct place_hooks *hooks, void *data);
void places_release(struct places *places);

/* All valid until the release; step: until the next call of it. */
const struct place *places_get(struct places *places, uint32_t pc);
const struct place_code *places_code(struct places *places, uint32_t pc);
const struct place_step *places_step(struct places *places, uint32_t from, uint32_t to);
/* places_node of one that was not asked for before, or is 0. */
const struct place_node *places_ask_node(struct places *places, uint32_t node);
/* Its levels, own and jump. */
static inline const struct place_node *
places_node(struct places *places, uint32_t node)
{
	return places->nodes[node].levels != 0 ? &places->nodes[node]
					       : places_ask_node(places, node);
}
/*
 * The node outward of `node`, or itself, at that depth, which is not deeper (0: 0); and
 * the innermost that two stacks have in common, 0: none. In logarithmic time, by pointers
 * that skip outward (Myers, An applicative random-access stack, 1983). All of nodes
 * that places_node was asked for.
 */
uint32_t places_ancestor(const struct places *places, uint32_t node, uint32_t depth);
uint32_t places_common(const struct places *places, uint32_t a, uint32_t b);
/* The same with firm and passes, of which the code is asked. */
const struct place_node *places_judged(struct places *places, uint32_t node);

/* Both pcs lie in the same function, as far as can be known. */
bool places_same_function(struct places *places, uint32_t a, uint32_t b);
/* The call at b does not stand behind the call at a. */
bool places_backward(struct places *places, uint32_t a, uint32_t b);

#endif
