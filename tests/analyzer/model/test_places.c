#include "analyzer/model/places.h"

#include <stdint.h>

#include "analyzer/trace/definitions.h"
#include "tests/lib/check.h"

enum { NODES = 3000, PAIRS = 20000 };

static struct definitions_node nodes[NODES + 1];
static struct definitions_pc pcs[2];
static const struct definitions all = { .nodes = nodes,
	.pcs = pcs,
	.node_count = NODES,
	.pc_count = 1 };

static uint64_t state = 88172645463325252ULL;

static uint32_t
any(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state % below);
}

static struct place
hear_place(void *data, uint32_t pc)
{
	(void)data, (void)pc;
	return (struct place){ .levels = 1 };
}

static uint32_t
hear_tails(void *data, uint32_t node)
{
	(void)data, (void)node;
	return 0;
}

/* Some trees; those of high `reach` are chains, more or less. */
static void
make(uint32_t reach)
{
	uint32_t i, parent;

	for (i = 1; i <= NODES; i++) {
		parent = any(500) == 0 ? 0 : i - 1 - any(i < reach ? i : reach);
		nodes[i] = (struct definitions_node){
			.parent = parent,
			.pc = 1,
			.depth = nodes[parent].depth + 1,
		};
	}
}

static uint32_t
slow_ancestor(uint32_t node, uint32_t depth)
{
	while (nodes[node].depth > depth)
		node = nodes[node].parent;
	return node;
}

static uint32_t
slow_common(uint32_t a, uint32_t b)
{
	while (a != b) {
		if (nodes[a].depth >= nodes[b].depth)
			a = nodes[a].parent;
		else
			b = nodes[b].parent;
	}
	return a;
}

/* By skipping the same as one after the other. */
static void
test_ancestors(uint32_t reach)
{
	static const struct place_hooks hooks = { .place = hear_place, .tails = hear_tails };
	struct places places;
	uint32_t i, a, b, depth;

	make(reach);
	places_init(&places, &all, &hooks, NULL);
	for (i = 0; i < PAIRS; i++) {
		a = 1 + any(NODES);
		b = 1 + any(NODES);
		depth = any(nodes[a].depth + 1);
		(void)places_node(&places, a);
		(void)places_node(&places, b);
		CHECK_EQ(places_ancestor(&places, a, depth), slow_ancestor(a, depth));
		CHECK_EQ(places_common(&places, a, b), slow_common(a, b));
	}
	places_release(&places);
}

int
main(void)
{
	test_ancestors(1);
	test_ancestors(3);
	test_ancestors(50);
	test_ancestors(NODES);
	return check_done();
}
