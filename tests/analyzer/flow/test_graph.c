/* Random graphs: the walks agree with a search that looks at every path. */
#include "analyzer/flow/graph.h"

#include <stdlib.h>

#include "tests/lib/check.h"

enum { NODES = 9, EDGES = 3, GRAPHS = 4000 };

struct reference {
	size_t nodes;
	size_t counts[NODES + GRAPH_EXTRA];
	uint32_t edges[NODES + GRAPH_EXTRA][EDGES];
	bool returns[NODES + GRAPH_EXTRA];
};

static uint64_t seed = 7;

static uint32_t
next_random(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % below;
}

static void
make_random(struct reference *reference, struct graph *graph)
{
	size_t i;
	size_t j;

	memset(reference, 0, sizeof(*reference));
	memset(graph, 0, sizeof(*graph));
	reference->nodes = 1 + next_random(NODES);
	for (i = 0; i < reference->nodes + GRAPH_EXTRA; i++) {
		bool block = i < reference->nodes;

		reference->counts[i] =
		    block || i == reference->nodes + GRAPH_HUB ? next_random(EDGES + 1) : 0;
		reference->returns[i] = block && reference->counts[i] > 0 && next_random(2) == 0;
		graph_add(graph, reference->returns[i]);
		for (j = 0; j < reference->counts[i]; j++) {
			uint32_t all =
			    (uint32_t)(reference->nodes + (next_random(4) == 0 ? GRAPH_EXTRA : 0));

			reference->edges[i][j] = next_random(all);
			graph_edge(graph, reference->edges[i][j]);
		}
	}
	graph_finish(graph, reference->nodes);
}

/* A way without a repeated node from "at" to goal, found by trying all. */
static bool
has_path(const struct reference *reference, uint32_t at, uint32_t goal, const bool *closed,
    const bool *stuck, bool *on_path)
{
	bool found = false;
	size_t i;

	if (closed[at])
		return false;
	if (at == goal || at == reference->nodes + GRAPH_WILD)
		return true;
	on_path[at] = true;
	for (i = reference->returns[at] && stuck[at] ? 1 : 0; i < reference->counts[at] && !found;
	     i++) {
		uint32_t to = reference->edges[at][i];

		found = !on_path[to] && has_path(reference, to, goal, closed, stuck, on_path);
	}
	on_path[at] = false;
	return found;
}

static bool
reaches_by_paths(const struct reference *reference, uint32_t a, uint32_t b, const bool *closed,
    const bool *stuck)
{
	bool on_path[NODES + GRAPH_EXTRA] = { false };
	size_t i;

	for (i = 0; i < reference->counts[a]; i++) {
		if (has_path(reference, reference->edges[a][i], b, closed, stuck, on_path))
			return true;
	}
	return false;
}

static void
check_pair(const struct reference *reference, struct graph *graph, uint32_t a, uint32_t b)
{
	bool none[NODES + GRAPH_EXTRA] = { false };
	bool some[NODES + GRAPH_EXTRA] = { false };
	bool on_path[NODES + GRAPH_EXTRA] = { false };
	uint32_t nodes[NODES];
	struct graph_cuts cuts = { .nodes = nodes };
	uint32_t i;

	for (i = 0; i < reference->nodes; i++) {
		if (next_random(3) != 0)
			continue;
		some[i] = true;
		nodes[cuts.count++] = i;
	}
	CHECK(graph_reaches(graph, a, b, NULL) == reaches_by_paths(reference, a, b, none, none));
	cuts.what = GRAPH_CLOSED;
	CHECK(graph_reaches(graph, a, b, &cuts) == reaches_by_paths(reference, a, b, some, none));
	CHECK(graph_enters(graph, b, &cuts) == has_path(reference, 0, b, some, none, on_path));
	cuts.what = GRAPH_NO_RETURN;
	CHECK(graph_reaches(graph, a, b, &cuts) == reaches_by_paths(reference, a, b, none, some));
	CHECK(graph_enters(graph, b, &cuts) == has_path(reference, 0, b, none, some, on_path));
}

int
main(void)
{
	struct reference reference;
	struct graph graph;
	size_t i;
	size_t pairs;

	for (i = 0; i < GRAPHS; i++) {
		make_random(&reference, &graph);
		for (pairs = 0; pairs < 8; pairs++)
			check_pair(&reference, &graph, next_random((uint32_t)reference.nodes),
			    next_random((uint32_t)reference.nodes + 1));
		graph_release(&graph);
	}
	return check_done();
}
