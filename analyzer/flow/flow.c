#include "analyzer/flow/flow.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/flow/flow_data.h"
#include "analyzer/flow/graph.h"
#include "analyzer/util/xalloc.h"

bool
flow_available(void)
{
	return true;
}

void
flow_free(struct flow *flow)
{
	if (flow == NULL)
		return;
	graph_release(&flow->graph);
	free(flow->starts);
	free(flow->stops);
	free(flow->firsts);
	free(flow->lengths);
	free(flow->sites);
	free(flow->callers);
	free(flow->callees);
	free(flow->tails);
	free(flow->exits);
	free(flow->results);
	free(flow);
}

static int
compare_addresses(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static uint32_t
extra(const struct flow *flow, unsigned int which)
{
	return (uint32_t)(flow->block_count + which);
}

/* ---- what it is made of ---- */

bool
flow_is_open(const struct flow *flow)
{
	return flow->open;
}

void
flow_describe(const struct flow *flow, struct flow_shape *shape)
{
	*shape = flow->shape;
}

static bool
find_site(const struct flow *flow, uint64_t site, size_t *at)
{
	const uint64_t *found;

	if (flow->site_count == 0)
		return false;
	found = bsearch(&site, flow->sites, flow->site_count, sizeof(site), compare_addresses);
	if (found == NULL)
		return false;
	*at = (size_t)(found - flow->sites);
	return true;
}

bool
flow_has_site(const struct flow *flow, uint64_t site)
{
	size_t at;

	return find_site(flow, site, &at);
}

bool
flow_callee(const struct flow *flow, uint64_t site, struct flow_callee *callee)
{
	size_t at;

	memset(callee, 0, sizeof(*callee));
	if (!find_site(flow, site, &at))
		return false;
	*callee = flow->callees[at];
	return true;
}

const uint64_t *
flow_sites(const struct flow *flow, size_t *count)
{
	*count = flow->site_count;
	return flow->sites;
}

const uint64_t *
flow_tails(const struct flow *flow, size_t *count, bool *computed)
{
	*count = flow->tail_count;
	if (computed != NULL)
		*computed = flow->computed;
	return flow->tails;
}

const struct flow_exit *
flow_exit_jumps(const struct flow *flow, size_t *count, bool *open)
{
	*count = flow->exit_count;
	*open = !flow->known || flow->open;
	return flow->exits;
}

/* ---- questions ---- */

/* True if an instruction of the block begins at address. */
static bool
holds(const struct flow *flow, size_t block, uint64_t address)
{
	uint64_t at = flow->starts[block];
	size_t i = flow->firsts[block];

	for (; at < address && at < flow->stops[block]; i++)
		at += flow->lengths[i / 2] >> (i % 2 == 0 ? 0 : 4) & 0xf;
	return at == address && at < flow->stops[block];
}

/* Adds to nodes the blocks with the instruction at address; false if none has it. */
static bool
add_holders(const struct flow *flow, uint64_t address, uint32_t *nodes, size_t *count)
{
	bool found = false;
	size_t i;

	for (i = 0; i < flow->block_count && flow->starts[i] <= address; i++) {
		if (address >= flow->stops[i] || !holds(flow, i, address))
			continue;
		nodes[(*count)++] = (uint32_t)i;
		found = true;
	}
	return found;
}

static enum flow_answer
reaches(struct flow *flow, uint64_t a, uint64_t b, const struct graph_cuts *cuts)
{
	size_t from;
	size_t to;

	if (!flow->known)
		return FLOW_UNKNOWN;
	if (!find_site(flow, a, &from))
		return flow->open ? FLOW_YES : FLOW_UNKNOWN;
	if (find_site(flow, b, &to))
		return graph_reaches(&flow->graph, flow->callers[from], flow->callers[to], cuts)
		    ? FLOW_YES
		    : FLOW_NO;
	/* b was not found in the code: only where control is lost it can be */
	if (flow->open &&
	    graph_reaches(&flow->graph, flow->callers[from], extra(flow, GRAPH_WILD), cuts))
		return FLOW_YES;
	return FLOW_UNKNOWN;
}

enum flow_answer
flow_reaches(struct flow *flow, uint64_t a, uint64_t b)
{
	return reaches(flow, a, b, NULL);
}

enum flow_answer
flow_reaches_avoiding(struct flow *flow, uint64_t a, uint64_t b, uint64_t avoid)
{
	return flow_reaches_avoiding_all(flow, a, b, &avoid, 1);
}

enum flow_answer
flow_reaches_avoiding_all(
    struct flow *flow, uint64_t a, uint64_t b, const uint64_t *avoid, size_t count)
{
	struct graph_cuts cuts = { .what = GRAPH_CLOSED };
	enum flow_answer answer;
	uint32_t *nodes;
	bool found = true;
	size_t i;

	if (!flow->known)
		return FLOW_UNKNOWN;
	nodes = xcalloc(count * flow->block_count + 1, sizeof(*nodes));
	for (i = 0; i < count; i++)
		found = add_holders(flow, avoid[i], nodes, &cuts.count) && found;
	cuts.nodes = nodes;
	answer = reaches(flow, a, b, &cuts);
	free(nodes);
	return answer == FLOW_YES && !found ? FLOW_UNKNOWN : answer;
}

/* The blocks of these calls, as far as they are known; to be freed. */
static uint32_t *
find_callers(const struct flow *flow, const uint64_t *sites, size_t count, struct graph_cuts *cuts)
{
	uint32_t *nodes = xcalloc(count + 1, sizeof(*nodes));
	size_t at;
	size_t i;

	cuts->what = GRAPH_NO_RETURN;
	cuts->nodes = nodes;
	cuts->count = 0;
	cuts->more = NULL;
	for (i = 0; i < count; i++) {
		if (find_site(flow, sites[i], &at))
			nodes[cuts->count++] = flow->callers[at];
	}
	return nodes;
}

enum flow_answer
flow_reaches_without(struct flow *flow, uint64_t a, uint64_t b, const uint64_t *calls, size_t count)
{
	struct graph_cuts cuts;
	uint32_t *nodes = find_callers(flow, calls, count, &cuts);
	enum flow_answer answer = reaches(flow, a, b, &cuts);

	free(nodes);
	return answer;
}

enum flow_answer
flow_passes(struct flow *flow, uint64_t address, uint64_t b)
{
	struct graph_cuts cuts = { .what = GRAPH_CLOSED };
	enum flow_answer answer = FLOW_UNKNOWN;
	uint32_t *nodes;
	size_t to;

	if (!flow->known || !find_site(flow, b, &to))
		return FLOW_UNKNOWN;
	nodes = xcalloc(flow->block_count + 1, sizeof(*nodes));
	cuts.nodes = nodes;
	if (add_holders(flow, address, nodes, &cuts.count))
		answer = graph_enters(&flow->graph, flow->callers[to], &cuts) ? FLOW_NO : FLOW_YES;
	free(nodes);
	return answer;
}

enum flow_answer
flow_dominates(struct flow *flow, uint64_t a, uint64_t b)
{
	return flow_dominates_any(flow, &a, 1, b);
}

enum flow_answer
flow_dominates_any(struct flow *flow, const uint64_t *a, size_t count, uint64_t b)
{
	struct graph_cuts cuts;
	uint32_t *nodes;
	size_t at;
	bool enters;

	if (!flow->known)
		return FLOW_UNKNOWN;
	if (!find_site(flow, b, &at))
		return flow->open ? FLOW_NO : FLOW_UNKNOWN;
	nodes = find_callers(flow, a, count, &cuts);
	enters = graph_enters(&flow->graph, flow->callers[at], &cuts);
	free(nodes);
	return enters ? FLOW_NO : FLOW_YES;
}

enum flow_answer
flow_always(struct flow *flow, uint64_t a)
{
	return flow_always_any(flow, &a, 1);
}

enum flow_answer
flow_always_any(struct flow *flow, const uint64_t *a, size_t count)
{
	uint32_t out = extra(flow, GRAPH_EXIT);
	struct graph_cuts cuts;
	uint32_t *nodes;
	bool enters;

	if (!flow->known || !graph_enters(&flow->graph, out, NULL))
		return FLOW_UNKNOWN;
	nodes = find_callers(flow, a, count, &cuts);
	enters = graph_enters(&flow->graph, out, &cuts);
	free(nodes);
	return enters ? FLOW_NO : FLOW_YES;
}

/* The blocks behind which 0 is returned, or (all) any number; to be freed. */
static uint32_t *
find_results(const struct flow *flow, bool all, struct graph_cuts *cuts)
{
	uint32_t *nodes = xcalloc(flow->result_count + 1, sizeof(*nodes));
	size_t i;

	*cuts = (struct graph_cuts){ .nodes = nodes, .what = GRAPH_CLOSED };
	for (i = 0; i < flow->result_count; i++) {
		if (all || flow->results[i].zero)
			nodes[cuts->count++] = flow->results[i].block;
	}
	return nodes;
}

enum flow_answer
flow_hands_out(struct flow *flow, const uint64_t *a, size_t count)
{
	uint32_t out = extra(flow, GRAPH_EXIT);
	enum flow_answer answer = FLOW_NO;
	struct graph_cuts numbers;
	struct graph_cuts zeros;
	struct graph_cuts cuts;
	uint32_t *lists[3];
	size_t i;

	if (!flow->known)
		return FLOW_UNKNOWN;
	lists[0] = find_callers(flow, a, count, &cuts);
	lists[1] = find_results(flow, false, &zeros);
	lists[2] = find_results(flow, true, &numbers);
	cuts.more = &zeros;
	if (!graph_enters(&flow->graph, out, &cuts)) {
		for (i = 0; i < cuts.count && answer == FLOW_NO; i++)
			if (graph_reaches(&flow->graph, cuts.nodes[i], out, &numbers))
				answer = FLOW_YES;
	}
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		free(lists[i]);
	return answer;
}

enum flow_answer
flow_exits(struct flow *flow, uint64_t a)
{
	size_t at;

	if (!flow->known)
		return FLOW_UNKNOWN;
	if (!find_site(flow, a, &at))
		return flow->open ? FLOW_YES : FLOW_UNKNOWN;
	return graph_reaches(&flow->graph, flow->callers[at], extra(flow, GRAPH_EXIT), NULL)
	    ? FLOW_YES
	    : FLOW_NO;
}
