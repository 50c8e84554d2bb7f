#include "analyzer/flow/graph.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/util/xalloc.h"

enum { SEEN = 4 }; /* beside the bits of enum graph_cut */

uint32_t
graph_add(struct graph *graph, bool returns)
{
	struct graph_node *node;

	graph->nodes =
	    xgrow(graph->nodes, &graph->nodes_cap, graph->count + 1, sizeof(*graph->nodes));
	node = &graph->nodes[graph->count];
	node->first = (uint32_t)graph->edge_count;
	node->edges = 0;
	node->returns = returns ? 1 : 0;
	return (uint32_t)graph->count++;
}

void
graph_edge(struct graph *graph, uint32_t to)
{
	graph->edges =
	    xgrow(graph->edges, &graph->edge_cap, graph->edge_count + 1, sizeof(*graph->edges));
	graph->edges[graph->edge_count++] = to;
	graph->nodes[graph->count - 1].edges++;
}

uint32_t
graph_extra(const struct graph *graph, unsigned int which)
{
	return (uint32_t)(graph->count + which);
}

void
graph_finish(struct graph *graph, size_t count)
{
	graph->count = count;
}

void
graph_trim(struct graph *graph)
{
	graph->nodes_cap = graph->count + GRAPH_EXTRA;
	graph->nodes = xreallocarray(graph->nodes, graph->nodes_cap, sizeof(*graph->nodes));
	graph->edge_cap = graph->edge_count + 1;
	graph->edges = xreallocarray(graph->edges, graph->edge_cap, sizeof(*graph->edges));
}

bool
graph_has_edge_to(const struct graph *graph, uint32_t node)
{
	size_t i;

	for (i = 0; i < graph->edge_count; i++) {
		if (graph->edges[i] == node)
			return true;
	}
	return false;
}

void
graph_release(struct graph *graph)
{
	free(graph->nodes);
	free(graph->edges);
	free(graph->marks);
	free(graph->queue);
	memset(graph, 0, sizeof(*graph));
}

static void
set_cuts(struct graph *graph, const struct graph_cuts *cuts)
{
	size_t i;

	if (graph->marks == NULL) {
		graph->marks = xcalloc(graph->count + GRAPH_EXTRA, sizeof(*graph->marks));
		graph->queue = xcalloc(graph->count + GRAPH_EXTRA, sizeof(*graph->queue));
	}
	memset(graph->marks, 0, graph->count + GRAPH_EXTRA);
	for (; cuts != NULL; cuts = cuts->more) {
		for (i = 0; i < cuts->count; i++)
			graph->marks[cuts->nodes[i]] |= (uint8_t)cuts->what;
	}
}

/* Queues what comes behind a node; skip leaves out its first edge. */
static void
push_edges(struct graph *graph, const struct graph_node *node, bool skip, size_t *queued)
{
	size_t i;

	for (i = skip ? 1 : 0; i < node->edges; i++) {
		uint32_t to = graph->edges[node->first + i];

		if ((graph->marks[to] & (SEEN | GRAPH_CLOSED)) != 0)
			continue;
		graph->marks[to] |= SEEN;
		graph->queue[(*queued)++] = to;
	}
}

/* Goes on from what is queued; true if that leads to goal. */
static bool
walk(struct graph *graph, size_t queued, uint32_t goal)
{
	uint32_t wild = graph_extra(graph, GRAPH_WILD);
	size_t at;

	for (at = 0; at < queued; at++) {
		uint32_t from = graph->queue[at];
		const struct graph_node *node = &graph->nodes[from];

		if (from == goal || from == wild)
			return true;
		push_edges(graph, node,
		    node->returns && (graph->marks[from] & GRAPH_NO_RETURN) != 0, &queued);
	}
	return false;
}

bool
graph_reaches(struct graph *graph, uint32_t a, uint32_t b, const struct graph_cuts *cuts)
{
	size_t queued = 0;

	set_cuts(graph, cuts);
	push_edges(graph, &graph->nodes[a], false, &queued);
	return walk(graph, queued, b);
}

bool
graph_enters(struct graph *graph, uint32_t b, const struct graph_cuts *cuts)
{
	uint32_t a = graph->entry;
	size_t queued = 0;

	set_cuts(graph, cuts);
	if ((graph->marks[a] & GRAPH_CLOSED) == 0) {
		graph->marks[a] |= SEEN;
		graph->queue[queued++] = a;
	}
	return walk(graph, queued, b);
}
