/* The graphs of assembled functions. */
#include "analyzer/flow/flow.h"

#include <stdlib.h>

#include "tests/lib/check.h"

enum { START = 0x1000, PARTS = 4, LABELS = 16 };

/* A program of a few pieces. Calls of 0x9000 and above are of functions with names. */
struct program {
	struct flow_part parts[PARTS];
	size_t count;
	uint8_t data[256]; /* at DATA */
	uint64_t labels[LABELS];
	size_t label_count;
};

enum { DATA = 0x8000, SETJMP = 0x9000, ABORT = 0x9010, OTHER = 0x9020 };

static bool
get_part(void *data, uint64_t address, struct flow_part *part)
{
	const struct program *program = data;
	size_t i;

	for (i = 0; i < program->count; i++) {
		*part = program->parts[i];
		if (address >= part->start && address < part->end)
			return true;
	}
	return false;
}

static const char *
get_callee(void *data, uint64_t address, bool slot)
{
	(void)data;
	if (slot)
		return "by_slot";
	switch (address) {
	case SETJMP: return "_setjmp";
	case ABORT: return "abort";
	case OTHER: return "other";
	default: return NULL;
	}
}

static bool
get_bytes(void *data, uint64_t address, void *buffer, size_t size)
{
	const struct program *program = data;

	if (address < DATA || address + size > DATA + sizeof(program->data))
		return false;
	memcpy(buffer, program->data + (address - DATA), size);
	return true;
}

static size_t
get_labels(void *data, uint64_t start, uint64_t end, const uint64_t **labels)
{
	struct program *program = data;
	size_t low = 0;
	size_t high;

	while (low < program->label_count && program->labels[low] < start)
		low++;
	for (high = low; high < program->label_count && program->labels[high] < end; high++)
		;
	*labels = program->labels + low;
	return high - low;
}

static struct flow *
build(struct program *program)
{
	struct flow_source source = {
		.data = program,
		.part = get_part,
		.callee = get_callee,
		.read = get_bytes,
		.labels = get_labels,
	};

	return flow_build(&source, START);
}

static void
add_part(struct program *program, uint64_t start, const uint8_t *bytes, size_t size)
{
	struct flow_part *part = &program->parts[program->count++];

	part->bytes = bytes;
	part->start = start;
	part->end = start + size;
}

/* 1000: call; 1005: test; 1007: je 1010; 1009: call; 100e: jmp 1005 | 1010: call;
 * 1015: ret. The targets of these calls are outside. */
static const uint8_t loop[] = {
	0xe8,
	0x00,
	0x70,
	0x00,
	0x00, /* call 8005 */
	0x85,
	0xc0, /* test %eax,%eax */
	0x74,
	0x07, /* je 1010 */
	0xe8,
	0x00,
	0x70,
	0x00,
	0x00, /* call */
	0xeb,
	0xf5, /* jmp 1005 */
	0xe8,
	0x00,
	0x70,
	0x00,
	0x00, /* 1010: call */
	0xc3,
};

static void
check_loop(void)
{
	struct program program = { 0 };
	struct flow *flow;
	struct flow_callee callee;
	const uint64_t *sites;
	size_t count;

	add_part(&program, START, loop, sizeof(loop));
	flow = build(&program);
	CHECK(!flow_is_open(flow));
	sites = flow_sites(flow, &count);
	CHECK_EQ(count, 3);
	if (count == 3) {
		CHECK_EQ(sites[0], 0x1005);
		CHECK_EQ(sites[1], 0x100e);
		CHECK_EQ(sites[2], 0x1015);
	}
	CHECK(flow_callee(flow, 0x1005, &callee) && callee.address == 0x8005 && !callee.slot);
	CHECK(!flow_callee(flow, 0x1006, &callee));
	CHECK_EQ(flow_reaches(flow, 0x1005, 0x1005), FLOW_NO);
	CHECK_EQ(flow_reaches(flow, 0x1005, 0x100e), FLOW_YES);
	CHECK_EQ(flow_reaches(flow, 0x100e, 0x100e), FLOW_YES);
	CHECK_EQ(flow_reaches(flow, 0x100e, 0x1005), FLOW_NO);
	CHECK_EQ(flow_reaches(flow, 0x1015, 0x100e), FLOW_NO);
	CHECK_EQ(flow_reaches(flow, 0x1005, 0x1006), FLOW_UNKNOWN);
	CHECK_EQ(flow_reaches(flow, 0x1006, 0x1005), FLOW_UNKNOWN);
	CHECK_EQ(flow_dominates(flow, 0x1005, 0x1015), FLOW_YES);
	CHECK_EQ(flow_dominates(flow, 0x100e, 0x1015), FLOW_NO);
	CHECK_EQ(flow_dominates(flow, 0x1005, 0x1005), FLOW_NO);
	CHECK_EQ(flow_always(flow, 0x1005), FLOW_YES);
	CHECK_EQ(flow_always(flow, 0x100e), FLOW_NO);
	CHECK_EQ(flow_always(flow, 0x1015), FLOW_YES);
	CHECK_EQ(flow_exits(flow, 0x1005), FLOW_YES);
	/* without the instruction at 1005 the loop does not come round */
	CHECK_EQ(flow_reaches_avoiding(flow, 0x100e, 0x100e, 0x1005), FLOW_NO);
	CHECK_EQ(flow_reaches_avoiding(flow, 0x100e, 0x100e, 0x1007), FLOW_NO);
	CHECK_EQ(flow_reaches_avoiding(flow, 0x100e, 0x100e, 0x1010), FLOW_YES);
	CHECK_EQ(flow_reaches_avoiding(flow, 0x100e, 0x100e, 0x1006), FLOW_UNKNOWN);
	sites = (const uint64_t[]){ 0x100e };
	CHECK_EQ(flow_reaches_without(flow, 0x1005, 0x1015, sites, 1), FLOW_YES);
	sites = (const uint64_t[]){ 0x1005 };
	CHECK_EQ(flow_reaches_without(flow, 0x1005, 0x1015, sites, 1), FLOW_YES);
	flow_free(flow);
}

int
main(void)
{
	if (!flow_available())
		return 77;
	check_loop();
	return check_done();
}
