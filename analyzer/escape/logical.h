/*
 * Logical frames and stacks: source functions, inlined and tail-called ones put
 * back. Shared by all traces of a database; numbers begin at 1 and are the database's.
 */
#ifndef ESCAPE_LOGICAL_H
#define ESCAPE_LOGICAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/util/map.h"

struct budget;
struct definitions;
struct definitions_module;
struct symbol;
struct symbol_place;
struct wrappers;

struct logical_module {
	char *path;
	uint8_t build_id[32];
	uint8_t build_id_len;
};

struct logical_frame {
	const char *function; /* the resolver's, as the next two */
	const char *symbol;
	const char *file;
	uint32_t line;
	uint32_t column;
	uint32_t module;
	bool inlined;
	bool wrapper;
	bool startup;
	bool tail; /* left by a jump: put back */
	/* What escape.c found out of it, which is asked for each path: */
	bool told;             /* if it is */
	const char *container; /* that it is of, static; NULL: of none */
	const char *called;    /* a wrapper that people call by that name; NULL: not by one */
};

struct logical_stack {
	uint32_t parent;
	uint32_t frame;
	uint32_t depth;
	uint32_t state; /* of the outermost: 0 whole, 1 cut, 2 broken */
};

struct logical {
	struct symbol *symbol; /* not owned, nor wrappers */
	const struct wrappers *wrappers;
	struct budget *budget;          /* for stacks; NULL: there is none; not owned */
	struct logical_module *modules; /* number n is the resolver's n - 1 */
	struct logical_frame *frames;
	struct logical_stack *stacks;
	uint32_t module_count;
	uint32_t frame_count;
	uint32_t stack_count;
	size_t module_cap, frame_cap, stack_cap;
	uint32_t nowhere; /* stack of which nothing is known; 0: not made yet */
	struct map module_map, frame_map;
	uint32_t *stack_slots; /* numbers of stacks, by what they are; 0: free */
	size_t stack_mask;
};

/* A place in code as logical frames, innermost first. */
struct logical_place {
	const struct symbol_place *place;
	uint32_t *frames; /* numbers; place->count of them */
};

/* The places of one trace. */
struct logical_places {
	struct logical *logical;
	const struct definitions *definitions; /* not owned */
	struct logical_place *list;            /* by pc, filled when asked for */
	uint32_t *modules;                     /* of the trace -> here; 0: not yet asked for */
	uint32_t *stacks;                      /* by node; 0: not yet asked for */
	uint32_t *todo;                        /* scratch */
	size_t todo_cap;
	uint32_t tail_first;                     /* from this pc on: */
	const struct symbol_place *const *tails; /* places of tail pcs; not owned */
};

void logical_init(struct logical *logical, struct symbol *symbol, const struct wrappers *wrappers);
void logical_release(struct logical *logical);
/* Asks again of all frames whether they are wrappers, as their rules changed. */
void logical_find_wrappers(struct logical *logical);
/* The stack `frame` called from stack parent (0: none; state counts then); the parent
 * itself where the budget has no room for it. */
uint32_t logical_stack(struct logical *logical, uint32_t parent, uint32_t frame, uint32_t state);
/* The resolver's handle of a module of some trace. */
uint32_t logical_handle(struct logical *logical, const struct definitions_module *module);
/* The frame that stands for an unknown stack. */
uint32_t logical_nowhere(struct logical *logical);

void logical_places_init(
    struct logical_places *places, struct logical *logical, const struct definitions *definitions);
/* The places of the tail pcs, which begin at number first. */
void logical_places_give(
    struct logical_places *places, uint32_t first, const struct symbol_place *const *tails);
void logical_places_release(struct logical_places *places);
/* pc from 1. Valid until the release. */
const struct logical_place *logical_places_get(struct logical_places *places, uint32_t pc);
/* The resolver's handle of a module of the trace. */
uint32_t logical_places_handle(struct logical_places *places, uint32_t module);
/* The whole stack of a node (0: the unknown one), wrappers included. */
uint32_t logical_places_stack(struct logical_places *places, uint32_t node);
/* The same, down to frame `index` of the place of node. */
uint32_t logical_places_stack_to(struct logical_places *places, uint32_t node, size_t index);

#endif
