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

struct definitions;
struct definitions_module;
struct symbol;
struct symbol_chain;
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
	struct logical_module *modules; /* number n is the resolver's n - 1 */
	struct logical_frame *frames;
	struct logical_stack *stacks;
	uint32_t module_count;
	uint32_t frame_count;
	uint32_t stack_count;
	size_t module_cap, frame_cap, stack_cap;
	struct map frame_map, stack_map;
};

/* A place in code as logical frames, innermost first. */
struct logical_place {
	const struct symbol_place *place;
	uint32_t *frames; /* numbers; place->count of them */
};

/*
 * What a call stands for, innermost first: the frames of the place where the
 * function that it led to is now (none, if that is the hook itself), then the
 * frames that tail calls left before that function was reached.
 */
struct logical_frames {
	uint32_t *numbers;   /* of logical frames */
	uint64_t *instances; /* two frames that are one and the same inlined instance or
	                        function have the same, and only these */
	uint32_t own;        /* frames of the place */
	uint32_t count;      /* and of the chain */
	const struct symbol_chain *chain; /* its kind says whether these are all */
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
	uint32_t *handles; /* the resolver's, of all modules of the trace */
	struct logical_frames **calls;
	size_t call_count, call_cap;
	struct map call_map;   /* caller's pc, pc or hook -> number in calls + 1 */
	uint32_t *node_frames; /* by node: number in calls + 1 */
};

void logical_init(struct logical *logical, struct symbol *symbol, const struct wrappers *wrappers);
void logical_release(struct logical *logical);
/* Asks again of all frames whether they are wrappers, as their rules changed. */
void logical_find_wrappers(struct logical *logical);
/* The stack `frame` called from stack parent (0: none; state counts then). */
uint32_t logical_stack(struct logical *logical, uint32_t parent, uint32_t frame, uint32_t state);
/* The frame that stands for an unknown stack. */
uint32_t logical_nowhere(struct logical *logical);

void logical_places_init(
    struct logical_places *places, struct logical *logical, const struct definitions *definitions);
void logical_places_release(struct logical_places *places);
/* pc from 1. Valid until the release. */
const struct logical_place *logical_places_get(struct logical_places *places, uint32_t pc);
/*
 * The frames of node (from 1): of its place, and what the chain between its caller
 * and its function left. Valid until the release.
 */
const struct logical_frames *logical_places_node(struct logical_places *places, uint32_t node);
/* What the chain between the innermost call, at node, and the hook left: own is 0.
 * kind: enum esc_event of what the hook recorded, which tells the hooks it can be. */
const struct logical_frames *logical_places_hook(
    struct logical_places *places, uint32_t node, uint32_t kind);
/* The resolver's handle of a module of the trace. */
uint32_t logical_places_handle(struct logical_places *places, uint32_t module);
/* The whole stack of a node (0: the unknown one), wrappers included. */
uint32_t logical_places_stack(struct logical_places *places, uint32_t node);
/* The same, down to frame `index` of logical_places_node. */
uint32_t logical_places_stack_to(struct logical_places *places, uint32_t node, size_t index);
/* The whole stack that ends in a hook: with what logical_places_hook has. */
uint32_t logical_places_stack_hook(struct logical_places *places, uint32_t node, uint32_t kind);
/* The same, down to frame `index` of logical_places_hook. */
uint32_t logical_places_stack_hook_to(
    struct logical_places *places, uint32_t node, uint32_t kind, size_t index);

#endif
