/*
 * A directed graph of blocks, and questions of reachability. Nothing here knows
 * machine code.
 *
 * Nodes 0 .. count-1 are blocks; a call stands at the end of its block. Behind them
 * come three others: EXIT, where the activation ends; WILD, from where every node
 * can be next; HUB, whose edges many calls share (returns of setjmp).
 */
#ifndef FLOW_GRAPH_H
#define FLOW_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GRAPH_EXIT, GRAPH_WILD, GRAPH_HUB, GRAPH_EXTRA };

struct graph_node {
	uint32_t first; /* of its edges in edges[] */
	uint32_t edges : 31;
	uint32_t returns : 1; /* the first edge is the return of its call */
};

struct graph {
	struct graph_node *nodes; /* count + GRAPH_EXTRA */
	size_t count;
	size_t nodes_cap;
	uint32_t *edges;
	size_t edge_count;
	size_t edge_cap;
	uint32_t entry;
	/* of the walk; NULL: none was yet */
	uint8_t *marks;
	uint32_t *queue;
};

/* What a walk does not do. */
enum graph_cut {
	GRAPH_CLOSED = 1,    /* the node is not entered */
	GRAPH_NO_RETURN = 2, /* its call does not come back */
};

struct graph_cuts {
	const uint32_t *nodes;
	size_t count;
	enum graph_cut what;
	const struct graph_cuts *more; /* or NULL */
};

/* A node for blocks, then for EXIT, WILD, HUB; its edges follow by graph_edge.
 * Returns its number. */
uint32_t graph_add(struct graph *graph, bool returns);
/* An edge from the node that was added last. */
void graph_edge(struct graph *graph, uint32_t to);
/* Number of one of the three nodes; count must be known. */
uint32_t graph_extra(const struct graph *graph, unsigned int which);
/* To be called when all is added: there must be count + GRAPH_EXTRA nodes. */
void graph_finish(struct graph *graph, size_t count);
/* Gives back room for more edges and nodes. */
void graph_trim(struct graph *graph);
void graph_release(struct graph *graph);
bool graph_has_edge_to(const struct graph *graph, uint32_t node);

/* Each of these walks once over the graph, in time proportional to its size. */

/* From the end of node a (all its edges, whatever the cuts say) to node b. */
bool graph_reaches(struct graph *graph, uint32_t a, uint32_t b, const struct graph_cuts *cuts);
/* From the entry to node b; to b = EXIT as well. */
bool graph_enters(struct graph *graph, uint32_t b, const struct graph_cuts *cuts);

#endif
