#include "analyzer/flow/flow.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/flow/code.h"
#include "analyzer/flow/flow_data.h"
#include "analyzer/flow/graph.h"
#include "analyzer/flow/results.h"
#include "analyzer/flow/values.h"
#include "analyzer/util/xalloc.h"

enum { ROUNDS_MAX = 32 }; /* of resolving jumps; then what is left stays open */

/* A graph in the making, with the code that it is made of. */
struct build {
	struct code code;
	struct graph graph;
	uint64_t *starts; /* of blocks, ascending */
	uint64_t *stops;
	uint32_t *ends; /* number + 1 of the code's end that a block has; 0: goes on */
	size_t block_count;
};

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

/* Where the block that begins at start ends: behind its last instruction. *end is the
 * number + 1 of that instruction if control does not just go on from it, else 0; when it
 * is called, that of a block before. */
static uint64_t
find_stop(const struct code *code, uint64_t start, uint32_t *end)
{
	const struct code_part *part = code_part(code, start);
	uint64_t size = part->part.end - part->part.start;
	uint64_t at = start - part->part.start;
	uint32_t next = *end;

	*end = 0;
	for (;;) {
		uint8_t mark = part->marks[at];

		if ((mark & CODE_END) != 0) {
			/* blocks ascend, and their ends with them */
			if (next >= code->end_count ||
			    code->ends[next].address != part->part.start + at)
				next =
				    (uint32_t)(code_end(code, part->part.start + at) - code->ends);
			*end = next + 1;
		}
		at += mark & CODE_LENGTH;
		if ((mark & CODE_LENGTH) == 0 || *end != 0 || at >= size ||
		    (part->marks[at] & CODE_LEADER) != 0)
			return part->part.start + at;
	}
}

static const struct code_end *
end_of(const struct build *build, size_t block)
{
	uint32_t end = build->ends[block];

	return end != 0 ? &build->code.ends[end - 1] : NULL;
}

static void
make_blocks(struct build *build)
{
	const struct code *code = &build->code;
	size_t count = count_leaders(code);
	uint32_t end = 0;
	size_t at = 0;
	size_t i;

	free(build->starts);
	free(build->stops);
	free(build->ends);
	build->ends = xcalloc(count + 1, sizeof(*build->ends));
	build->starts = xcalloc(count + 1, sizeof(*build->starts));
	build->stops = xcalloc(count + 1, sizeof(*build->stops));
	for (i = 0; i < code->part_count; i++) {
		const struct code_part *part = &code->parts[i];
		uint64_t size = part->part.end - part->part.start;
		uint64_t offset;

		for (offset = 0; offset < size; offset++) {
			if ((part->marks[offset] & CODE_LEADER) != 0)
				build->starts[at++] = part->part.start + offset;
		}
	}
	/* those of one piece ascend */
	if (code->part_count > 1)
		qsort(build->starts, count, sizeof(*build->starts), compare_addresses);
	for (i = 0; i < count; i++) {
		build->stops[i] = find_stop(code, build->starts[i], &end);
		build->ends[i] = end;
	}
	build->block_count = count;
}

/* ---- edges ---- */

/* The node for address: its block; WILD if there is none. */
static uint32_t
node_at(const struct build *build, uint64_t address)
{
	const uint64_t *found = bsearch(
	    &address, build->starts, build->block_count, sizeof(address), compare_addresses);

	return found != NULL ? (uint32_t)(found - build->starts)
			     : (uint32_t)(build->block_count + GRAPH_WILD);
}

static uint32_t
extra(const struct build *build, unsigned int which)
{
	return (uint32_t)(build->block_count + which);
}

static void
edge_to(struct build *build, enum code_where where, uint64_t target)
{
	switch (where) {
	case CODE_INSIDE: graph_edge(&build->graph, node_at(build, target)); break;
	case CODE_EXIT: graph_edge(&build->graph, extra(build, GRAPH_EXIT)); break;
	case CODE_ASTRAY:
	default: graph_edge(&build->graph, extra(build, GRAPH_WILD)); break;
	}
}

/* Edges of a computed jump. None as long as it was not looked at. */
static void
add_computed(struct build *build, const struct code_end *end)
{
	size_t i;

	if (end->leaves)
		graph_edge(&build->graph, extra(build, GRAPH_EXIT));
	if (end->jump == CODE_OPEN)
		graph_edge(&build->graph, extra(build, GRAPH_WILD));
	for (i = 0; i < end->target_count; i++)
		graph_edge(&build->graph, node_at(build, end->targets[i]));
}

static void
add_call_edges(struct build *build, const struct code_end *end, bool hub)
{
	if (hub)
		graph_edge(&build->graph, extra(build, GRAPH_HUB));
	if (build->code.unclear)
		graph_edge(&build->graph, extra(build, GRAPH_WILD));
	if (end->target != 0 && !end->slot && code_is_label(&build->code, end->target))
		graph_edge(&build->graph, node_at(build, end->target));
}

static void
add_end_edges(struct build *build, const struct code_end *end, bool hub)
{
	switch (end->kind) {
	case INSN_CALL: add_call_edges(build, end, hub); break;
	case INSN_BRANCH:
		edge_to(build, end->behind, end->next);
		edge_to(build, end->where, end->target);
		break;
	case INSN_JUMP:
		if (end->target != 0 && !end->slot)
			edge_to(build, end->where, end->target);
		else
			add_computed(build, end);
		break;
	case INSN_RETURN:
		graph_edge(&build->graph, extra(build, GRAPH_EXIT));
		if (build->code.inner_calls)
			graph_edge(&build->graph, extra(build, GRAPH_WILD));
		break;
	case INSN_BAD: graph_edge(&build->graph, extra(build, GRAPH_WILD)); break;
	case INSN_PLAIN:
	case INSN_STOP:
	default: break;
	}
}

/* Whatever stands in a range of the exception table may throw: with
 * -fnon-call-exceptions not only calls do. */
static void
add_landings(struct build *build, uint64_t start, uint64_t stop)
{
	const struct flow_part *part = &code_part(&build->code, start)->part;
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
		graph_edge(&build->graph, node_at(build, part->pads[low].landing));
}

static void
add_block(struct build *build, size_t at, bool hub)
{
	const struct code_end *end = end_of(build, at);
	uint64_t stop = build->stops[at];
	bool returns = end != NULL && end->kind == INSN_CALL && !end->noreturn &&
	    code_part(&build->code, end->next) != NULL &&
	    node_at(build, end->next) < build->block_count;

	graph_add(&build->graph, returns);
	if (returns)
		graph_edge(&build->graph, node_at(build, end->next));
	if (end != NULL)
		add_end_edges(build, end, hub);
	else
		graph_edge(&build->graph, node_at(build, stop));
	add_landings(build, build->starts[at], stop);
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
add_hub(struct build *build)
{
	const struct code *code = &build->code;
	size_t i;

	graph_add(&build->graph, false);
	for (i = 0; i < code->taken_count; i++)
		graph_edge(&build->graph, node_at(build, code->taken[i]));
	for (i = 0; i < code->end_count; i++) {
		if (code->ends[i].twice)
			graph_edge(&build->graph, node_at(build, code->ends[i].next));
	}
}

static void
make_graph(struct build *build)
{
	bool hub = has_hub(&build->code);
	size_t i;

	make_blocks(build);
	graph_release(&build->graph);
	for (i = 0; i < build->block_count; i++)
		add_block(build, i, hub);
	graph_add(&build->graph, false); /* EXIT */
	graph_add(&build->graph, false); /* WILD */
	add_hub(build);
	build->graph.entry = node_at(build, build->code.entry);
	graph_finish(&build->graph, build->block_count);
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

/* Labels may also be known by their distance from another one (gcc's manual: Labels as
 * Values), which no address tells of. Then there is code that nothing leads to; or, where
 * one comes to all of it in some other way too, an address that the code itself takes, or
 * the only one that is known. */
static void
open_pointers(struct code *code)
{
	bool all = code_is_partial(code);
	size_t i;

	for (i = 0; i < code->end_count; i++) {
		struct code_end *end = &code->ends[i];

		if (end->pointer &&
		    (all || (!end->tabled && (code->taken_count > 0 || end->target_count == 1))))
			end->jump = CODE_OPEN;
	}
}

static bool
has_computed(const struct code *code)
{
	size_t i;

	for (i = 0; i < code->end_count; i++) {
		const struct code_end *end = &code->ends[i];

		if (end->kind == INSN_JUMP && (end->target == 0 || end->slot))
			return true;
	}
	return false;
}

static struct values_graph
known_of(const struct build *build)
{
	return (struct values_graph){ .graph = &build->graph,
		.starts = build->starts,
		.stops = build->stops,
		.count = build->block_count };
}

static void
resolve(struct build *build)
{
	struct values_graph known;
	size_t round;

	if (!has_computed(&build->code))
		return;
	for (round = 0; round < ROUNDS_MAX; round++) {
		known = known_of(build);
		if (!values_resolve(&build->code, &known))
			break;
		code_explore(&build->code);
		make_graph(build);
	}
	if (round == ROUNDS_MAX)
		open_jumps(&build->code);
	open_pointers(&build->code);
	/* what is known of a jump now may be no target, but that it leaves */
	make_graph(build);
}

/* ---- what is kept ---- */

static uint64_t *
copy_addresses(const uint64_t *list, size_t count)
{
	uint64_t *copy = xcalloc(count + 1, sizeof(*copy));

	if (count > 0)
		memcpy(copy, list, count * sizeof(*copy));
	return copy;
}

static void
keep_sites(struct flow *flow, const struct build *build)
{
	size_t count = 0;
	size_t calls = 0;
	size_t i;

	for (i = 0; i < build->code.end_count; i++)
		calls += build->code.ends[i].kind == INSN_CALL;
	flow->sites = xcalloc(calls + 1, sizeof(*flow->sites));
	flow->callers = xcalloc(calls + 1, sizeof(*flow->callers));
	flow->callees = xcalloc(calls + 1, sizeof(*flow->callees));
	/* blocks ascend, and so do the calls at their ends, but for overlapping code */
	for (i = 0; i < build->block_count && count < calls; i++) {
		const struct code_end *end = end_of(build, i);

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

static void
add_length(struct flow *flow, size_t *cap, uint8_t length)
{
	size_t at = flow->length_count++;

	flow->lengths = xgrow(flow->lengths, cap, at / 2 + 1, sizeof(*flow->lengths));
	if (at % 2 == 0)
		flow->lengths[at / 2] = length;
	else
		flow->lengths[at / 2] |= (uint8_t)(length << 4);
}

static void
keep_blocks(struct flow *flow, const struct build *build)
{
	size_t cap = 0;
	size_t i;

	flow->block_count = build->block_count;
	flow->starts = copy_addresses(build->starts, build->block_count);
	flow->stops = copy_addresses(build->stops, build->block_count);
	flow->firsts = xcalloc(build->block_count + 1, sizeof(*flow->firsts));
	for (i = 0; i < build->block_count; i++) {
		const struct code_part *part = code_part(&build->code, build->starts[i]);
		uint64_t at = build->starts[i] - part->part.start;
		uint64_t stop = build->stops[i] - part->part.start;

		flow->firsts[i] = (uint32_t)flow->length_count;
		while (at < stop) {
			uint8_t length = part->marks[at] & CODE_LENGTH;

			add_length(flow, &cap, length);
			at += length;
		}
	}
	flow->lengths = xreallocarray(flow->lengths, flow->length_count / 2 + 1, 1);
}

static void
keep_exits(struct flow *flow, const struct build *build)
{
	const struct code *code = &build->code;
	size_t cap = 0;
	size_t i;

	flow->tails = copy_addresses(code->tails, code->tail_count);
	flow->tail_count = code->tail_count;
	flow->computed = flow->open;
	for (i = 0; i < code->end_count; i++) {
		const struct code_end *end = &code->ends[i];
		bool computed = end->target == 0 || end->slot;

		flow->computed = flow->computed || end->leaves;
		if ((end->kind != INSN_JUMP && end->kind != INSN_BRANCH) ||
		    (computed ? !end->leaves : end->where != CODE_EXIT))
			continue;
		flow->exits = xgrow(flow->exits, &cap, flow->exit_count + 1, sizeof(*flow->exits));
		flow->exits[flow->exit_count++] =
		    (struct flow_exit){ end->address, end->target, end->slot };
	}
}

static void
keep_results(struct flow *flow, const struct build *build)
{
	const struct values_graph known = known_of(build);
	uint8_t *results = results_find(&build->code, &known);
	size_t cap = 0;
	size_t i;

	for (i = 0; results != NULL && i < known.count; i++) {
		if (results[i] == RESULT_ANY)
			continue;
		flow->results =
		    xgrow(flow->results, &cap, flow->result_count + 1, sizeof(*flow->results));
		flow->results[flow->result_count++] =
		    (struct flow_result){ (uint32_t)i, results[i] == RESULT_ZERO };
	}
	free(results);
}

static void
keep_shape(struct flow *flow, const struct build *build)
{
	const struct code *code = &build->code;
	struct flow_shape *shape = &flow->shape;
	size_t i;

	shape->instructions = code->instructions;
	shape->blocks = build->block_count;
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

static void
keep(struct flow *flow, struct build *build)
{
	flow->known = true;
	keep_results(flow, build);
	flow->graph = build->graph;
	memset(&build->graph, 0, sizeof(build->graph));
	graph_trim(&flow->graph);
	flow->open = graph_has_edge_to(&flow->graph, graph_extra(&flow->graph, GRAPH_WILD));
	keep_blocks(flow, build);
	keep_sites(flow, build);
	keep_exits(flow, build);
}

struct flow *
flow_build(const struct flow_source *source, uint64_t entry)
{
	struct flow *flow = xcalloc(1, sizeof(*flow));
	struct build build = { 0 };

	if (source == NULL)
		return flow;
	if (code_begin(&build.code, source, entry)) {
		code_explore(&build.code);
		make_graph(&build);
		resolve(&build);
		keep(flow, &build);
	}
	keep_shape(flow, &build);
	code_release(&build.code);
	graph_release(&build.graph);
	free(build.starts);
	free(build.stops);
	free(build.ends);
	return flow;
}
