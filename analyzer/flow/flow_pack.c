#include "analyzer/flow/flow.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/flow/flow_data.h"
#include "analyzer/util/bytes.h"
#include "analyzer/util/xalloc.h"

enum {
	KNOWN = 1,
	OPEN = 2,
	COMPUTED = 4,
	UNDECODABLE = 8,
	ASTRAY = 16,
	OVERSIZED = 32,
	UNCLEAR = 64
};

/* ---- to bytes ---- */

static void
pack_shape(const struct flow *flow, struct bytes *bytes)
{
	const struct flow_shape *shape = &flow->shape;

	bytes_add_byte(bytes,
	    (uint8_t)((flow->known ? KNOWN : 0) | (flow->open ? OPEN : 0) |
		(flow->computed ? COMPUTED : 0) | (shape->undecodable ? UNDECODABLE : 0) |
		(shape->astray ? ASTRAY : 0) | (shape->oversized ? OVERSIZED : 0) |
		(shape->unclear ? UNCLEAR : 0)));
	bytes_add_number(bytes, shape->instructions);
	bytes_add_number(bytes, shape->parts);
	bytes_add_number(bytes, shape->jumps);
	bytes_add_number(bytes, shape->unresolved);
}

/* Ascending, as differences. */
static void
pack_addresses(const uint64_t *list, size_t count, struct bytes *bytes)
{
	uint64_t before = 0;
	size_t i;

	bytes_add_number(bytes, count);
	for (i = 0; i < count; i++) {
		bytes_add_number(bytes, list[i] - before);
		before = list[i];
	}
}

static void
pack_blocks(const struct flow *flow, struct bytes *bytes)
{
	size_t i;

	pack_addresses(flow->starts, flow->block_count, bytes);
	for (i = 0; i < flow->block_count; i++)
		bytes_add_number(bytes, flow->stops[i] - flow->starts[i]);
	bytes_add_number(bytes, flow->length_count);
	bytes_add(bytes, flow->lengths, (flow->length_count + 1) / 2);
}

static void
pack_graph(const struct graph *graph, struct bytes *bytes)
{
	size_t i;
	size_t j;

	bytes_add_number(bytes, graph->entry);
	bytes_add_number(bytes, graph->edge_count);
	for (i = 0; i < graph->count + GRAPH_EXTRA; i++) {
		const struct graph_node *node = &graph->nodes[i];

		bytes_add_number(bytes, (uint64_t)node->edges << 1 | node->returns);
		for (j = 0; j < node->edges; j++)
			bytes_add_difference(bytes, i, graph->edges[node->first + j]);
	}
}

static void
pack_sites(const struct flow *flow, struct bytes *bytes)
{
	size_t i;

	pack_addresses(flow->sites, flow->site_count, bytes);
	for (i = 0; i < flow->site_count; i++) {
		const struct flow_callee *callee = &flow->callees[i];

		bytes_add_number(bytes, flow->callers[i]);
		bytes_add_byte(
		    bytes, (uint8_t)((callee->address != 0 ? 1 : 0) | (callee->slot ? 2 : 0)));
		if (callee->address != 0)
			bytes_add_difference(bytes, flow->sites[i], callee->address);
	}
}

static void
pack_exits(const struct flow *flow, struct bytes *bytes)
{
	size_t i;

	pack_addresses(flow->tails, flow->tail_count, bytes);
	bytes_add_number(bytes, flow->exit_count);
	for (i = 0; i < flow->exit_count; i++) {
		bytes_add_number(bytes, flow->exits[i].address);
		bytes_add_number(bytes, flow->exits[i].target);
		bytes_add_byte(bytes, flow->exits[i].slot ? 1 : 0);
	}
}

static void
pack_results(const struct flow *flow, struct bytes *bytes)
{
	size_t i;

	bytes_add_number(bytes, flow->result_count);
	for (i = 0; i < flow->result_count; i++) {
		bytes_add_number(bytes, flow->results[i].block);
		bytes_add_byte(bytes, flow->results[i].zero ? 1 : 0);
	}
}

void
flow_pack(const struct flow *flow, struct bytes *bytes)
{
	pack_shape(flow, bytes);
	if (!flow->known)
		return;
	pack_blocks(flow, bytes);
	pack_graph(&flow->graph, bytes);
	pack_sites(flow, bytes);
	pack_exits(flow, bytes);
	pack_results(flow, bytes);
}

/* ---- and back ---- */

static void
unpack_shape(struct flow *flow, struct bytes_reader *reader)
{
	struct flow_shape *shape = &flow->shape;
	uint8_t flags = bytes_take_byte(reader);

	flow->known = (flags & KNOWN) != 0;
	flow->open = (flags & OPEN) != 0;
	flow->computed = (flags & COMPUTED) != 0;
	shape->undecodable = (flags & UNDECODABLE) != 0;
	shape->astray = (flags & ASTRAY) != 0;
	shape->oversized = (flags & OVERSIZED) != 0;
	shape->unclear = (flags & UNCLEAR) != 0;
	shape->instructions = bytes_take_number(reader);
	shape->parts = bytes_take_number(reader);
	shape->jumps = bytes_take_number(reader);
	shape->unresolved = bytes_take_number(reader);
}

/* Ascending; *count of them. Each is one byte of input at least. */
static uint64_t *
unpack_addresses(struct bytes_reader *reader, size_t *count)
{
	size_t most = bytes_take_count(reader);
	uint64_t *list = xcalloc(most + 1, sizeof(*list));
	uint64_t before = 0;
	size_t i;

	for (i = 0; i < most && !reader->bad; i++) {
		uint64_t distance = bytes_take_number(reader);

		if (distance > UINT64_MAX - before || (i > 0 && distance == 0))
			reader->bad = true;
		before += distance;
		list[i] = before;
	}
	*count = reader->bad ? 0 : most;
	return list;
}

/* The instructions of each block, which end where it does. */
static void
unpack_lengths(struct flow *flow, struct bytes_reader *reader)
{
	const uint8_t *lengths;
	size_t used = 0;
	size_t i;

	/* two to a byte */
	flow->length_count =
	    (size_t)bytes_take_limited(reader, 2 * (uint64_t)(reader->end - reader->at));
	lengths = bytes_take(reader, (flow->length_count + 1) / 2);
	if (lengths == NULL)
		return;
	flow->lengths = xcalloc(flow->length_count / 2 + 1, sizeof(*flow->lengths));
	memcpy(flow->lengths, lengths, (flow->length_count + 1) / 2);
	flow->firsts = xcalloc(flow->block_count + 1, sizeof(*flow->firsts));
	for (i = 0; i < flow->block_count && !reader->bad; i++) {
		uint64_t at = flow->starts[i];

		flow->firsts[i] = (uint32_t)used;
		for (; at < flow->stops[i] && used < flow->length_count; used++)
			at += flow->lengths[used / 2] >> (used % 2 == 0 ? 0 : 4) & 0xf;
		if (at != flow->stops[i])
			reader->bad = true;
	}
	reader->bad = reader->bad || used != flow->length_count || used > UINT32_MAX;
}

static void
unpack_blocks(struct flow *flow, struct bytes_reader *reader)
{
	size_t i;

	flow->starts = unpack_addresses(reader, &flow->block_count);
	flow->stops = xcalloc(flow->block_count + 1, sizeof(*flow->stops));
	for (i = 0; i < flow->block_count; i++) {
		uint64_t size = bytes_take_limited(reader, UINT64_MAX - flow->starts[i]);

		flow->stops[i] = flow->starts[i] + size;
	}
	unpack_lengths(flow, reader);
	flow->shape.blocks = flow->block_count;
}

static void
unpack_graph(struct flow *flow, struct bytes_reader *reader)
{
	struct graph *graph = &flow->graph;
	size_t nodes = flow->block_count + GRAPH_EXTRA;
	uint64_t entry;
	size_t edges;
	size_t i;
	size_t j;

	if (reader->bad || nodes > UINT32_MAX)
		return;
	entry = bytes_take_limited(reader, nodes - 1);
	edges = bytes_take_count(reader);
	graph->nodes = xcalloc(nodes, sizeof(*graph->nodes));
	graph->edges = xcalloc(edges + 1, sizeof(*graph->edges));
	graph->nodes_cap = nodes;
	graph->edge_cap = edges + 1;
	for (i = 0; i < nodes && !reader->bad; i++) {
		uint64_t head = bytes_take_number(reader);

		if (head >> 1 > edges - graph->edge_count || head == 1) {
			reader->bad = true;
			return;
		}
		graph->nodes[i].first = (uint32_t)graph->edge_count;
		graph->nodes[i].edges = (uint32_t)(head >> 1) & INT32_MAX;
		graph->nodes[i].returns = head & 1;
		for (j = 0; j < graph->nodes[i].edges; j++) {
			uint64_t to = bytes_take_difference(reader, i);

			reader->bad = reader->bad || to >= nodes;
			graph->edges[graph->edge_count++] = (uint32_t)to;
		}
	}
	graph->entry = (uint32_t)entry;
	graph_finish(graph, flow->block_count);
	reader->bad = reader->bad || graph->edge_count != edges || edges > INT32_MAX;
}

static void
unpack_sites(struct flow *flow, struct bytes_reader *reader)
{
	size_t i;

	flow->sites = unpack_addresses(reader, &flow->site_count);
	flow->callers = xcalloc(flow->site_count + 1, sizeof(*flow->callers));
	flow->callees = xcalloc(flow->site_count + 1, sizeof(*flow->callees));
	for (i = 0; i < flow->site_count && !reader->bad; i++) {
		struct flow_callee *callee = &flow->callees[i];
		uint8_t flags;

		if (flow->block_count == 0) {
			reader->bad = true;
			return;
		}
		flow->callers[i] = (uint32_t)bytes_take_limited(reader, flow->block_count - 1);
		flags = bytes_take_byte(reader);
		callee->slot = (flags & 2) != 0;
		if ((flags & 1) != 0)
			callee->address = bytes_take_difference(reader, flow->sites[i]);
	}
	flow->shape.calls = flow->site_count;
}

static void
unpack_exits(struct flow *flow, struct bytes_reader *reader)
{
	size_t count;
	size_t i;

	flow->tails = unpack_addresses(reader, &flow->tail_count);
	count = bytes_take_count(reader);
	flow->exits = xcalloc(count + 1, sizeof(*flow->exits));
	for (i = 0; i < count && !reader->bad; i++) {
		flow->exits[i].address = bytes_take_number(reader);
		flow->exits[i].target = bytes_take_number(reader);
		flow->exits[i].slot = bytes_take_byte(reader) != 0;
	}
	flow->exit_count = count;
}

static void
unpack_results(struct flow *flow, struct bytes_reader *reader)
{
	size_t count = bytes_take_count(reader);
	size_t i;

	flow->results = xcalloc(count + 1, sizeof(*flow->results));
	for (i = 0; i < count && !reader->bad; i++) {
		if (flow->block_count == 0) {
			reader->bad = true;
			return;
		}
		flow->results[i].block =
		    (uint32_t)bytes_take_limited(reader, flow->block_count - 1);
		flow->results[i].zero = bytes_take_byte(reader) != 0;
	}
	flow->result_count = count;
}

struct flow *
flow_unpack(const uint8_t *data, size_t size)
{
	struct bytes_reader reader = { data, data + size, false };
	struct flow *flow = xcalloc(1, sizeof(*flow));

	unpack_shape(flow, &reader);
	if (flow->known) {
		unpack_blocks(flow, &reader);
		unpack_graph(flow, &reader);
		unpack_sites(flow, &reader);
		unpack_exits(flow, &reader);
		unpack_results(flow, &reader);
	}
	if (!reader.bad && reader.at == reader.end)
		return flow;
	flow_free(flow);
	return NULL;
}
