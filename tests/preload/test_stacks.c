/* Stack ids: one for each path, the same again, through every growth. */
#include "preload/stacks.h"

#include <stdlib.h>

#include "preload/modules.h"
#include "preload/ring.h"
#include "tests/lib/check.h"
#include "tests/lib/fakering.h"

enum { DEPTH = 12, PATHS = 60000 };

/* Path number n: DEPTH frames, each a digit of n to base 4 */
static void
make(struct frame *frames, uint32_t n)
{
	uint64_t hash = 0;

	for (unsigned int i = 0; i < DEPTH; i++) {
		uint64_t pc = 0x400000 + i * 0x1000 + (n >> (2 * i) & 3) * 16;

		hash = stacks_hash(hash, pc, 0);
		frames[i] = (struct frame){ .slot = 0x7ffff000 - i * 64, .pc = pc, .hash = hash };
	}
}

/* Counts the nodes in the trace; each parent stands before it. */
static uint32_t
count_nodes(void)
{
	uint8_t *at = ring.base + ESC_HEADER_SIZE;
	const uint8_t *end = ring.base + ring.header->claimed;
	uint32_t count = 0;

	for (; at < end;) {
		const struct esc_segment *segment = (const void *)at;
		const struct esc_def_node *node = (const void *)(segment + 1);

		CHECK_EQ(segment->magic, ESC_SEGMENT_MAGIC);
		for (uint32_t i = 0;
		     segment->kind == ESC_SEGMENT_DEFS && i < segment->used / ESC_SLOT; i++)
			if (node[i].def.type == ESC_DEF_NODE) {
				count++;
				CHECK(node[i].def.id != 0);
				CHECK(node[i].parent < node[i].def.id);
			}
		at += segment->size;
	}
	return count;
}

int
main(void)
{
	static uint32_t ids[PATHS];
	struct frame frames[DEPTH];
	uint32_t nodes = 0, same = 0;

	CHECK(fakering_start(256 << 20));
	CHECK(modules_start("/test", "/"));
	CHECK(stacks_start());
	for (uint32_t n = 0; n < PATHS; n++) {
		make(frames, n * 37);
		ids[n] = stacks_id(frames, DEPTH);
		CHECK(ids[n] != 0);
		nodes = ring.header->nodes;
	}
	for (uint32_t n = 0; n < PATHS; n++) {
		make(frames, n * 37);
		same += stacks_id(frames, DEPTH) == ids[n];
	}
	CHECK_EQ(same, PATHS);
	CHECK_EQ(ring.header->nodes, nodes); /* nothing was written again */
	CHECK_EQ(count_nodes(), nodes);
	return check_done();
}
