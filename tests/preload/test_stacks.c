/* Stack ids: one for each path, the same again, through every growth. */
#define _GNU_SOURCE
#include "preload/stacks.h"

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "preload/modules.h"
#include "preload/ring.h"
#include "tests/lib/check.h"
#include "tests/lib/fakering.h"

enum { DEPTH = 12, PATHS = 60000 };

static uint32_t module; /* index of this program */
static uint64_t bias;

/* Path number n: DEPTH frames, each a digit of n to base 4; some are of no module,
 * some are a signal's. */
static void
make(struct frame *frames, uint32_t n)
{
	for (unsigned int i = 0; i < DEPTH; i++) {
		uint64_t pc = bias + 0x1000 + i * 0x1000 + (n >> (2 * i) & 3) * 16;
		uint32_t of = i == 5 && n % 3 == 0 ? 0 : module;

		if (i == 7 && n % 5 == 0)
			of |= (uint32_t)ESC_NODE_SIGNAL << FRAME_FLAGS_SHIFT;
		frames[i] = (struct frame){ .slot = 0x7ffff000 - i * 64, .pc = pc, .module = of };
	}
}

struct node {
	uint64_t offset;
	uint32_t parent, module, flags;
};

static struct node nodes[1 << 20]; /* by id */

static uint32_t
read_def(const void *at)
{
	struct esc_def_node node;
	struct esc_def_nodes run;
	uint32_t offset;

	memcpy(&run, at, sizeof(run));
	if (run.def.type == ESC_DEF_NODE) {
		memcpy(&node, at, sizeof(node));
		nodes[node.def.id] =
		    (struct node){ node.offset, node.parent, node.module, node.def.flags };
		return 1;
	}
	if (run.def.type != ESC_DEF_NODES)
		return 0;
	CHECK(run.count >= 1 && run.count <= ESC_NODES_MAX);
	CHECK_EQ(run.def.slots, (sizeof(run) + 4U * run.count + 7) / 8);
	for (uint32_t i = 0; i < run.count; i++) {
		memcpy(&offset, (const char *)at + sizeof(run) + 4 * (size_t)i, 4);
		nodes[run.def.id + i] =
		    (struct node){ offset, i == 0 ? run.parent : run.def.id + i - 1, run.module,
			    i == 0 ? run.def.flags : 0U };
	}
	return run.count;
}

/* The nodes of a path lead outwards through its frames. */
static uint32_t
wrong(const struct frame *frames, uint32_t id)
{
	for (uint32_t i = DEPTH; i-- > 0; id = nodes[id].parent) {
		bool in = (frames[i].module & FRAME_MODULE) == module;

		if (nodes[id].offset != frames[i].pc - (in ? bias : 0) ||
		    nodes[id].module != (in ? 1 : 0) ||
		    nodes[id].flags != (frames[i].module >> FRAME_FLAGS_SHIFT & 7))
			return 1;
	}
	return id != 0;
}

/* Counts the nodes in the trace. */
static uint32_t
count_nodes(void)
{
	uint8_t *at = ring.base + ESC_HEADER_SIZE;
	const uint8_t *end = ring.base + ring.header->claimed;
	uint32_t count = 0;

	for (; at < end;) {
		const struct esc_segment *segment = (const void *)at;
		const struct esc_def *def = (const void *)(segment + 1);
		const struct esc_def *behind =
		    (const void *)((const char *)(segment + 1) + segment->used);

		CHECK_EQ(segment->magic, ESC_SEGMENT_MAGIC);
		for (; segment->kind == ESC_SEGMENT_DEFS && def < behind;
		     def += def->slots != 0 ? def->slots : 1)
			count += read_def(def);
		at += segment->size;
	}
	return count;
}

/* As many nodes below one: as in a program whose main function does it all. */
static void
test_siblings(void)
{
	static uint32_t ids[PATHS];
	struct frame frames[DEPTH];
	uint32_t given, known, same = 0;

	make(frames, 0);
	known = stacks_id(frames, 0, DEPTH - 1);
	CHECK(known != 0);
	for (uint32_t n = 0; n < PATHS; n++) {
		frames[DEPTH - 1].pc = bias + 0x2000 + n * 5;
		frames[DEPTH - 1].id = 0;
		ids[n] = stacks_id(frames, DEPTH - 1, DEPTH);
		CHECK(ids[n] != 0);
	}
	given = ring.header->nodes;
	for (uint32_t n = 0; n < PATHS; n++) {
		frames[DEPTH - 1].pc = bias + 0x2000 + n * 5;
		frames[DEPTH - 1].id = 0;
		same += stacks_id(frames, DEPTH - 1, DEPTH) == ids[n];
	}
	CHECK_EQ(same, PATHS);
	CHECK_EQ(ring.header->nodes, given);
	/* Without their ids the outer frames are looked up. */
	for (uint32_t i = 0; i < DEPTH; i++)
		frames[i].id = 0;
	CHECK_EQ(stacks_id(frames, DEPTH - 1, DEPTH), ids[PATHS - 1]);
	CHECK_EQ(frames[DEPTH - 2].id, known);
	CHECK_EQ(ring.header->nodes, given);
}

int
main(void)
{
	static uint32_t ids[PATHS];
	struct frame frames[DEPTH];
	struct dl_find_object object;
	uint32_t given = 0, same = 0, bad = 0;

	CHECK(fakering_start(256 << 20));
	CHECK(modules_start("/test", "/", 0));
	CHECK(stacks_start());
	CHECK_EQ(_dl_find_object((void *)(uintptr_t)&main, &object), 0);
	bias = object.dlfo_link_map->l_addr;
	module = modules_find(
	    object.dlfo_link_map, (uint64_t)object.dlfo_map_start, (uint64_t)object.dlfo_map_end);
	CHECK(module != 0);
	for (uint32_t n = 0; n < PATHS; n++) {
		make(frames, n * 37);
		ids[n] = stacks_id(frames, 0, DEPTH);
		CHECK(ids[n] != 0);
		given = ring.header->nodes;
	}
	for (uint32_t n = 0; n < PATHS; n++) {
		make(frames, n * 37);
		same += stacks_id(frames, 0, DEPTH) == ids[n];
	}
	CHECK_EQ(same, PATHS);
	CHECK_EQ(ring.header->nodes, given); /* nothing was written again */
	CHECK_EQ(count_nodes(), given);
	for (uint32_t n = 0; n < PATHS; n++) {
		make(frames, n * 37);
		bad += wrong(frames, ids[n]);
	}
	CHECK_EQ(bad, 0);
	test_siblings();
	/* Where there is no room for another module, it has no name: that is all. */
	ring.process->defs_at = 0;
	ring.header->reserved_end = ring.header->claimed;
	CHECK_EQ(_dl_find_object((void *)(uintptr_t)&strlen, &object), 0);
	module = modules_find(
	    object.dlfo_link_map, (uint64_t)object.dlfo_map_start, (uint64_t)object.dlfo_map_end);
	CHECK_EQ(modules_get(module)->id, 0);
	CHECK_EQ(ring.header->missing, 1);
	CHECK_EQ(ring.header->flags & ESC_FLAG_UNMARKED, 0);
	return check_done();
}
