#include "analyzer/flow/flow.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/flow/code.h"
#include "analyzer/flow/graph.h"
#include "analyzer/flow/values.h"
#include "analyzer/util/xalloc.h"

enum { ROUNDS_MAX = 32 }; /* of resolving jumps; then what is left stays open */

struct flow {
	struct code code;
	bool known; /* there was code */
	bool open;
	struct graph graph;
	uint64_t *starts; /* of blocks, ascending */
	uint64_t *stops;
	size_t block_count;
	uint64_t *sites;   /* ascending */
	uint32_t *callers; /* the block that ends with the call */
	struct flow_callee *callees;
	size_t site_count;
};

bool
flow_available(void)
{
	return true;
}

/* ---- blocks ---- */

static size_t
count_leaders(const struct code *code)
{
	size_t count = 0;
	size_t i;

	for (i = 0; i < code->part_count; i++) {
		const struct code_part *part = &code->parts[i];
		size_t size = (size_t)(part->part.end - part->part.start);
		size_t at;

		for (at = 0; at < size; at++)
			count += (part->marks[at] & CODE_LEADER) != 0;
	}
	return count;
}

static int
compare_addresses(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* Where the block that begins at start ends: behind its last instruction. *end is
 * that instruction if control does not just go on from it, else NULL. */
static uint64_t
find_stop(const struct code *code, uint64_t start, const struct code_end **end)
{
	const struct code_part *part = code_part(code, start);
	uint64_t size = part->part.end - part->part.start;
	uint64_t at = start - part->part.start;

	*end = NULL;
	for (;;) {
		uint8_t mark = part->marks[at];

		at += mark & CODE_LENGTH;
		if ((mark & CODE_END) != 0)
			*end = code_end(code, part->part.start + at - (mark & CODE_LENGTH));
		if ((mark & CODE_LENGTH) == 0 || *end != NULL || at >= size ||
		    (part->marks[at] & CODE_LEADER) != 0)
			return part->part.start + at;
	}
}

static void
make_blocks(struct flow *flow)
{
	const struct code *code = &flow->code;
	const struct code_end *end;
	size_t count = count_leaders(code);
	size_t at = 0;
	size_t i;

	free(flow->starts);
	free(flow->stops);
	flow->starts = xcalloc(count + 1, sizeof(*flow->starts));
	flow->stops = xcalloc(count + 1, sizeof(*flow->stops));
	for (i = 0; i < code->part_count; i++) {
		const struct code_part *part = &code->parts[i];
		uint64_t size = part->part.end - part->part.start;
		uint64_t offset;

		for (offset = 0; offset < size; offset++) {
			if ((part->marks[offset] & CODE_LEADER) != 0)
				flow->starts[at++] = part->part.start + offset;
		}
	}
	qsort(flow->starts, count, sizeof(*flow->starts), compare_addresses);
	for (i = 0; i < count; i++)
		flow->stops[i] = find_stop(code, flow->starts[i], &end);
	flow->block_count = count;
}

/* ---- edges ---- */

/* The node for address: its block; WILD if there is none. */
static uint32_t
node_at(const struct flow *flow, uint64_t address)
{
	const uint64_t *found =
	    bsearch(&address, flow->starts, flow->block_count, sizeof(address), compare_addresses);

	return found != NULL ? (uint32_t)(found - flow->starts)
			     : (uint32_t)(flow->block_count + GRAPH_WILD);
}

static uint32_t
extra(const struct flow *flow, unsigned int which)
{
	return (uint32_t)(flow->block_count + which);
}

static void
edge_to(struct flow *flow, enum code_where where, uint64_t target)
{
	switch (where) {
	case CODE_INSIDE: graph_edge(&flow->graph, node_at(flow, target)); break;
	case CODE_EXIT: graph_edge(&flow->graph, extra(flow, GRAPH_EXIT)); break;
	case CODE_ASTRAY:
	default: graph_edge(&flow->graph, extra(flow, GRAPH_WILD)); break;
	}
}

/* Edges of a computed jump. None as long as it was not looked at. */
static void
add_computed(struct flow *flow, const struct code_end *end)
{
	size_t i;

	if (end->leaves)
		graph_edge(&flow->graph, extra(flow, GRAPH_EXIT));
	if (end->jump == CODE_OPEN)
		graph_edge(&flow->graph, extra(flow, GRAPH_WILD));
	for (i = 0; i < end->target_count; i++)
		graph_edge(&flow->graph, node_at(flow, end->targets[i]));
}

static void
add_call_edges(struct flow *flow, const struct code_end *end, bool hub)
{
	if (hub)
		graph_edge(&flow->graph, extra(flow, GRAPH_HUB));
	if (flow->code.unclear)
		graph_edge(&flow->graph, extra(flow, GRAPH_WILD));
	if (end->target != 0 && !end->slot && code_is_label(&flow->code, end->target))
		graph_edge(&flow->graph, node_at(flow, end->target));
}

static void
add_end_edges(struct flow *flow, const struct code_end *end, bool hub)
{
	switch (end->kind) {
	case INSN_CALL: add_call_edges(flow, end, hub); break;
	case INSN_BRANCH:
		edge_to(flow, end->behind, end->next);
		edge_to(flow, end->where, end->target);
		break;
	case INSN_JUMP:
		if (end->target != 0 && !end->slot)
			edge_to(flow, end->where, end->target);
		else
			add_computed(flow, end);
		break;
	case INSN_RETURN:
		graph_edge(&flow->graph, extra(flow, GRAPH_EXIT));
		if (flow->code.inner_calls)
			graph_edge(&flow->graph, extra(flow, GRAPH_WILD));
		break;
	case INSN_BAD: graph_edge(&flow->graph, extra(flow, GRAPH_WILD)); break;
	case INSN_PLAIN:
	case INSN_STOP:
	default: break;
	}
}

/* Whatever stands in a range of the exception table may throw: with
 * -fnon-call-exceptions not only calls do. */
static void
add_landings(struct flow *flow, uint64_t start, uint64_t stop)
{
	const struct flow_part *part = &code_part(&flow->code, start)->part;
	size_t low = 0;
	size_t high = part->pad_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (part->pads[middle].end <= start)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < part->pad_count && part->pads[low].start < stop; low++)
		graph_edge(&flow->graph, node_at(flow, part->pads[low].landing));
}

static void
add_block(struct flow *flow, size_t at, bool hub)
{
	const struct code_end *end;
	uint64_t stop = find_stop(&flow->code, flow->starts[at], &end);
	bool returns = end != NULL && end->kind == INSN_CALL && !end->noreturn &&
	    code_part(&flow->code, end->next) != NULL &&
	    node_at(flow, end->next) < flow->block_count;

	graph_add(&flow->graph, returns);
	if (returns)
		graph_edge(&flow->graph, node_at(flow, end->next));
	if (end != NULL)
		add_end_edges(flow, end, hub);
	else
		graph_edge(&flow->graph, node_at(flow, stop));
	add_landings(flow, flow->starts[at], stop);
}

static bool
has_hub(const struct code *code)
{
	bool hub = code->taken_count > 0;
	size_t i;

	for (i = 0; i < code->end_count; i++)
		hub = hub || code->ends[i].twice;
	return hub;
}

static void
add_hub(struct flow *flow)
{
	const struct code *code = &flow->code;
	size_t i;

	graph_add(&flow->graph, false);
	for (i = 0; i < code->taken_count; i++)
		graph_edge(&flow->graph, node_at(flow, code->taken[i]));
	for (i = 0; i < code->end_count; i++) {
		if (code->ends[i].twice)
			graph_edge(&flow->graph, node_at(flow, code->ends[i].next));
	}
}

static void
make_graph(struct flow *flow)
{
	bool hub = has_hub(&flow->code);
	size_t i;

	make_blocks(flow);
	graph_release(&flow->graph);
	for (i = 0; i < flow->block_count; i++)
		add_block(flow, i, hub);
	graph_add(&flow->graph, false); /* EXIT */
	graph_add(&flow->graph, false); /* WILD */
	add_hub(flow);
	flow->graph.entry = node_at(flow, flow->code.entry);
	graph_finish(&flow->graph, flow->block_count);
}

/* ---- building ---- */

static void
open_jumps(struct code *code)
{
	size_t i;

	for (i = 0; i < code->end_count; i++) {
		struct code_end *end = &code->ends[i];

		if (end->kind == INSN_JUMP && (end->target == 0 || end->slot))
			end->jump = CODE_OPEN;
	}
}

static void
resolve(struct flow *flow)
{
	struct values_graph known;
	size_t round;

	for (round = 0; round < ROUNDS_MAX; round++) {
		known.graph = &flow->graph;
		known.starts = flow->starts;
		known.stops = flow->stops;
		known.count = flow->block_count;
		if (!values_resolve(&flow->code, &known))
			break;
		code_explore(&flow->code);
		make_graph(flow);
	}
	if (round == ROUNDS_MAX)
		open_jumps(&flow->code);
	make_graph(flow);
}

static void
make_sites(struct flow *flow)
{
	const struct code *code = &flow->code;
	const struct code_end *end;
	size_t count = 0;
	size_t i;

	flow->sites = xcalloc(code->end_count + 1, sizeof(*flow->sites));
	flow->callers = xcalloc(code->end_count + 1, sizeof(*flow->callers));
	flow->callees = xcalloc(code->end_count + 1, sizeof(*flow->callees));
	/* blocks ascend, and so do the calls at their ends, but for overlapping code */
	for (i = 0; i < flow->block_count; i++) {
		find_stop(code, flow->starts[i], &end);
		if (end == NULL || end->kind != INSN_CALL ||
		    (count > 0 && end->next <= flow->sites[count - 1]))
			continue;
		flow->sites[count] = end->next;
		flow->callers[count] = (uint32_t)i;
		flow->callees[count].address = end->target;
		flow->callees[count].slot = end->slot;
		count++;
	}
	flow->site_count = count;
}

static bool
has_edge_to(const struct graph *graph, uint32_t node)
{
	size_t i;

	for (i = 0; i < graph->edge_count; i++) {
		if (graph->edges[i] == node)
			return true;
	}
	return false;
}

struct flow *
flow_build(const struct flow_source *source, uint64_t entry)
{
	struct flow *flow = xcalloc(1, sizeof(*flow));

	if (source == NULL || !code_begin(&flow->code, source, entry))
		return flow;
	code_explore(&flow->code);
	make_graph(flow);
	resolve(flow);
	make_sites(flow);
	flow->known = true;
	flow->open = has_edge_to(&flow->graph, extra(flow, GRAPH_WILD));
	flow->code.source = NULL;
	return flow;
}

void
flow_free(struct flow *flow)
{
	if (flow == NULL)
		return;
	code_release(&flow->code);
	graph_release(&flow->graph);
	free(flow->starts);
	free(flow->stops);
	free(flow->sites);
	free(flow->callers);
	free(flow->callees);
	free(flow);
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
	const struct code *code = &flow->code;
	size_t i;

	memset(shape, 0, sizeof(*shape));
	shape->instructions = code->instructions;
	shape->blocks = flow->block_count;
	shape->calls = flow->site_count;
	shape->parts = code->part_count;
	shape->oversized = code->oversized;
	shape->unclear = code->unclear;
	for (i = 0; i < code->end_count; i++) {
		const struct code_end *end = &code->ends[i];

		if (end->kind == INSN_JUMP && (end->target == 0 || end->slot)) {
			shape->jumps++;
			shape->unresolved += end->jump == CODE_OPEN;
		}
		shape->undecodable = shape->undecodable || end->kind == INSN_BAD;
		shape->astray = shape->astray || end->where == CODE_ASTRAY;
	}
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
	size_t i;

	*count = flow->code.tail_count;
	if (computed == NULL)
		return flow->code.tails;
	*computed = flow->open;
	for (i = 0; i < flow->code.end_count; i++) {
		const struct code_end *end = &flow->code.ends[i];

		*computed = *computed || end->leaves;
	}
	return flow->code.tails;
}

struct flow_exit *
flow_exit_jumps(const struct flow *flow, size_t *count, bool *open)
{
	struct flow_exit *exits = NULL;
	size_t cap = 0;
	size_t i;

	*count = 0;
	*open = !flow->known || flow->open;
	for (i = 0; i < flow->code.end_count; i++) {
		const struct code_end *end = &flow->code.ends[i];
		bool computed = end->target == 0 || end->slot;

		if ((end->kind != INSN_JUMP && end->kind != INSN_BRANCH) ||
		    (computed ? !end->leaves : end->where != CODE_EXIT))
			continue;
		exits = xgrow(exits, &cap, *count + 1, sizeof(*exits));
		exits[(*count)++] = (struct flow_exit){ end->address, end->target, end->slot };
	}
	return exits;
}

/* ---- questions ---- */

/* True if an instruction of the block begins at address. */
static bool
holds(const struct flow *flow, size_t block, uint64_t address)
{
	const struct code_part *part = code_part(&flow->code, flow->starts[block]);
	uint64_t at = flow->starts[block];

	while (at < address && at < flow->stops[block]) {
		uint8_t length = part->marks[at - part->part.start] & CODE_LENGTH;

		if (length == 0)
			return false;
		at += length;
	}
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
flow_meets(struct flow *flow, uint64_t a, uint64_t address)
{
	enum flow_answer answer = FLOW_UNKNOWN;
	uint32_t *nodes;
	size_t count = 0;
	size_t from;
	size_t i;

	if (!flow->known || !find_site(flow, a, &from))
		return FLOW_UNKNOWN;
	nodes = xcalloc(flow->block_count + 1, sizeof(*nodes));
	if (add_holders(flow, address, nodes, &count))
		answer = FLOW_NO;
	for (i = 0; i < count; i++) {
		if (graph_reaches(&flow->graph, flow->callers[from], nodes[i], NULL))
			answer = FLOW_YES;
	}
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
flow_leads_without(
    struct flow *flow, uint64_t address, uint64_t b, const uint64_t *calls, size_t count)
{
	enum flow_answer answer = FLOW_UNKNOWN;
	struct graph_cuts cuts;
	uint32_t *nodes;
	uint32_t *starts;
	size_t start_count = 0;
	size_t to;
	size_t i;

	if (!flow->known || !find_site(flow, b, &to))
		return FLOW_UNKNOWN;
	nodes = find_callers(flow, calls, count, &cuts);
	starts = xcalloc(flow->block_count + 1, sizeof(*starts));
	if (add_holders(flow, address, starts, &start_count))
		answer = FLOW_NO;
	for (i = 0; i < start_count; i++) {
		if (graph_leads(&flow->graph, starts[i], flow->callers[to], &cuts))
			answer = FLOW_YES;
	}
	free(starts);
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
