/*
 * A trace's stacks with the frames put back that tail calls left: the tree of its
 * nodes, with more nodes. One of a frame that was left has a pc that is `tail`: the
 * jump instead of a return address. Everything behind here sees such a frame as
 * any other, so that what a compiler made of a call makes no difference.
 *
 * What led to the hook itself depends on which hook it was: these nodes are made
 * as events come.
 */
#ifndef ESCAPE_PUTBACK_H
#define ESCAPE_PUTBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/trace/definitions.h"
#include "analyzer/util/map.h"

struct event;
struct logical;
struct symbol_place;
struct putback_chain; /* private, as the next */
struct putback_leaf;

struct putback {
	/* The new definitions: modules and processes are the old ones'. Counts of nodes
	 * and pcs have room for those still to come, which are zero until then. */
	struct definitions out;
	const struct definitions *in; /* not owned, nor the next */
	struct logical *logical;
	uint32_t *handles;                 /* the resolver's, by module - 1 */
	const struct symbol_place **tails; /* of the tail pcs, the first is in->pc_count + 1 */
	uint32_t pc_count, node_count;     /* used so far */
	uint32_t *ids;                     /* recorded id -> node; then leaf number -> node */
	uint32_t leaf_count;
	uint32_t *real;              /* node -> how many nodes of its stack stand in the trace */
	struct putback_leaf *leaves; /* node -> the one of the kind that came first */
	uint32_t *seen;              /* pc -> another module that it was seen to call */
	struct putback_chain *chains;
	size_t chain_count, chain_cap;
	size_t bare[4]; /* + 1: the chain of nothing that is vague (1), through a pointer (2) */
	struct map handle_map; /* the resolver's -> module */
	struct map chain_map;  /* pc of the call, pc or kind of hook -> number in chains */
	struct map pc_map;     /* module, address -> tail pc */
	struct map node_map;   /* parent, tail pc -> node */
	struct map leaf_map;   /* node, other kinds of hook -> leaf */
	uint64_t frames;       /* put back, of all nodes */
	bool marks;            /* each frame has a return mark; the caller's to set */
};

/* Asks the resolver of all nodes. in and logical must stay until the release. */
void putback_init(struct putback *putback, struct logical *logical, const struct definitions *in);
void putback_release(struct putback *putback);

/* There are no more events: what only they needed is released. */
void putback_finish(struct putback *putback);

/* The event as one of a trace with these definitions. */
void putback_event(struct putback *putback, const struct event *from, struct event *to);

#endif
