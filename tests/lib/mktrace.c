#include "tests/lib/mktrace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/util/crc32c.h"
#include "analyzer/util/xalloc.h"

#define MKTRACE_SEGMENT 8192U
#define MKTRACE_ROOM (MKTRACE_SEGMENT - sizeof(struct esc_segment))

struct mksegment {
	struct esc_segment head;
	uint8_t payload[MKTRACE_ROOM];
	struct decode state;
	int cut;
};

struct mktrace {
	struct esc_header head;
	struct mksegment *segments;
	size_t count;
	size_t cap;
};

struct mktrace *
mktrace_new(void)
{
	struct mktrace *trace = xcalloc(1, sizeof(*trace));

	trace->head = (struct esc_header){
		.magic = ESC_MAGIC,
		.version = ESC_VERSION,
		.endian = ESC_ENDIAN,
		.header_size = ESC_HEADER_SIZE,
		.arch = ESC_ARCH_X86_64,
		.mode = ESC_MODE_FULL,
		.clock = ESC_CLOCK_MONOTONIC,
		.flags = ESC_FLAG_COMPLETE | ESC_FLAG_STARTED,
		.pid = 100,
		.sample_interval = 1,
		.depth_limit = 1024,
		.start = { 1000, 1000, 1700000000000000000ULL },
		.last = { 1000000, 1000000, 1700000000000999000ULL },
		.command_len = 8,
		.exe = "/bin/app",
		.command = "app\0-x\0",
	};
	mktrace_process(trace, 1, 0, 1000);
	return trace;
}

void
mktrace_free(struct mktrace *trace)
{
	free(trace->segments);
	free(trace);
}

struct esc_header *
mktrace_header(struct mktrace *trace)
{
	return &trace->head;
}

static struct mksegment *
mktrace_add(struct mktrace *trace)
{
	trace->segments =
	    xgrow(trace->segments, &trace->cap, trace->count + 1, sizeof(*trace->segments));
	memset(&trace->segments[trace->count], 0, sizeof(*trace->segments));
	trace->segments[trace->count].head.magic = ESC_SEGMENT_MAGIC;
	trace->segments[trace->count].head.size = MKTRACE_SEGMENT;
	return &trace->segments[trace->count++];
}

/* Room for a definition of len bytes. */
static void
mktrace_define(struct mktrace *trace, void *def, size_t len, const char *more, size_t more_len)
{
	struct mksegment *segment = NULL;
	size_t slots = (len + more_len + ESC_SLOT - 1) / ESC_SLOT, i;

	for (i = 0; i < trace->count; i++)
		if (trace->segments[i].head.kind == ESC_SEGMENT_DEFS &&
		    trace->segments[i].head.used + slots * ESC_SLOT <= MKTRACE_ROOM)
			segment = &trace->segments[i];
	if (segment == NULL) {
		segment = mktrace_add(trace);
		segment->head.kind = ESC_SEGMENT_DEFS;
		segment->head.process = 1;
	}
	((struct esc_def *)def)->slots = (uint16_t)slots;
	memcpy(segment->payload + segment->head.used, def, len);
	if (more_len > 0)
		memcpy(segment->payload + segment->head.used + len, more, more_len);
	segment->head.used += (uint32_t)(slots * ESC_SLOT);
}

uint32_t
mktrace_module(struct mktrace *trace, const char *path)
{
	struct esc_def_module def = {
		.def = { .type = ESC_DEF_MODULE, .id = ++trace->head.modules },
		.process = 1,
		.path_len = (uint16_t)strlen(path),
	};

	mktrace_define(trace, &def, sizeof(def), path, strlen(path));
	return def.def.id;
}

uint32_t
mktrace_node(
    struct mktrace *trace, uint32_t parent, uint32_t module, uint64_t offset, uint16_t flags)
{
	struct esc_def_node def = {
		.def = { .type = ESC_DEF_NODE, .flags = (uint8_t)flags, .id = ++trace->head.nodes },
		.parent = parent,
		.module = module,
		.offset = offset,
	};

	mktrace_define(trace, &def, sizeof(def), NULL, 0);
	return def.def.id;
}

uint32_t
mktrace_nodes(struct mktrace *trace, uint32_t parent, uint32_t module, const uint32_t *offsets,
    uint16_t count)
{
	struct esc_def_nodes def = {
		.def = { .type = ESC_DEF_NODES, .id = trace->head.nodes + 1 },
		.parent = parent,
		.module = (uint16_t)module,
		.count = count,
	};

	trace->head.nodes += count;
	mktrace_define(trace, &def, sizeof(def), (const char *)offsets, count * sizeof(*offsets));
	return def.def.id;
}

uint32_t
mktrace_pool(struct mktrace *trace, uint32_t process, const char *name)
{
	struct esc_def_pool def = {
		.def = { .type = ESC_DEF_POOL, .id = ++trace->head.pools },
		.process = process,
		.name_len = (uint16_t)strlen(name),
	};

	mktrace_define(trace, &def, sizeof(def), name, strlen(name));
	return def.def.id;
}

void
mktrace_process(struct mktrace *trace, uint32_t number, uint32_t parent, uint64_t started)
{
	struct esc_def_process def = {
		.def = { .type = ESC_DEF_PROCESS, .id = number },
		.pid = 100 + number,
		.parent = parent,
		.started = started,
	};

	trace->head.processes = number;
	mktrace_define(trace, &def, sizeof(def), NULL, 0);
}

static uint64_t
mktrace_zigzag56(uint64_t value)
{
	return (value << 1 ^ (0 - (value >> 55 & 1))) & DECODE_ADDRESS;
}

static uint64_t
mktrace_zigzag32(uint32_t value)
{
	return (uint32_t)(value << 1 ^ (0 - (value >> 31)));
}

/* The shortest of the lengths that holds value: its code. */
static unsigned
mktrace_code(uint64_t value, const uint8_t lengths[4])
{
	unsigned code;

	for (code = 0; code < 3; code++)
		if (lengths[code] < 8 && value >> (8 * lengths[code]) == 0)
			break;
	return code;
}

static uint8_t *
mktrace_put(uint8_t *to, uint64_t value, unsigned len)
{
	memcpy(to, &value, len);
	return to + len;
}

size_t
mktrace_encode(struct decode *state, const struct event *event, uint8_t *to)
{
	static const uint8_t longs[4] = { 1, 2, 4, 8 };
	static const uint8_t addresses[4] = { 0, 2, 3, 7 };
	static const uint8_t stacks[4] = { 0, 1, 2, 4 };
	static const uint8_t sizes[4] = { 0, 1, 2, 8 };
	uint64_t time = (event->time - state->time) >> state->shift;
	uint64_t address = mktrace_zigzag56((event->address >> 3) - state->address);
	uint64_t stack = mktrace_zigzag32(event->stack - state->stack);
	unsigned a = mktrace_code(time, longs);
	unsigned b = mktrace_code(address, addresses);
	unsigned c = mktrace_code(stack, stacks);
	unsigned d = mktrace_code(event->size, sizes);
	unsigned control = event->kind | a << 4 | c << 8;
	uint8_t *at = to + 2;

	at = mktrace_put(at, time, longs[a]);
	if (event->kind < ESC_EVENT_STEP || decode_is_pools(event->kind)) {
		control |= b << 6;
		at = mktrace_put(at, address, addresses[b]);
		state->address = event->address >> 3;
	}
	at = mktrace_put(at, stack, stacks[c]);
	if (decode_sized(event->kind)) {
		control |= d << 10;
		at = mktrace_put(at, event->size, sizes[d]);
	}
	if (decode_is_pools(event->kind)) {
		control |= ESC_CONTROL_COST;
		at = mktrace_put(at, event->pool, 4);
	} else if (event->has_cost) {
		control |= ESC_CONTROL_COST;
		at = mktrace_put(at, event->cost, 2);
	}
	if (event->has_kept) {
		bool some = event->proved != UINT16_MAX;

		control |= ESC_CONTROL_KEPT;
		at = mktrace_put(at, event->kept | (some ? ESC_KEPT_PROVED : 0), 2);
		if (some)
			at = mktrace_put(at, event->proved, 2);
	}
	if (event->region != state->region) {
		control |= ESC_CONTROL_REGION;
		at = mktrace_put(at, event->region, 2);
	}
	if (event->gap)
		control |= ESC_CONTROL_GAP;
	mktrace_put(to, control, 2);
	if (event->kind == ESC_EVENT_RATE)
		state->interval = event->size;
	state->time += time << state->shift;
	state->stack = event->stack;
	state->region = event->region;
	return (size_t)(at - to);
}

static struct mksegment *
mktrace_last(struct mktrace *trace, uint32_t process, uint32_t thread, uint8_t level)
{
	size_t i;

	for (i = trace->count; i-- > 0;)
		if (trace->segments[i].head.kind == ESC_SEGMENT_EVENTS &&
		    trace->segments[i].head.process == process &&
		    trace->segments[i].head.thread == thread &&
		    trace->segments[i].head.level == level)
			return &trace->segments[i];
	return NULL;
}

void
mktrace_cut(struct mktrace *trace, uint32_t process, uint32_t thread, uint8_t level)
{
	struct mksegment *segment = mktrace_last(trace, process, thread, level);

	if (segment != NULL)
		segment->cut = 1;
}

static void
mktrace_count(struct mktrace *trace, uint32_t process, uint32_t thread, const struct event *event)
{
	struct esc_counters *counters = NULL;
	size_t i;

	for (i = 0; i < trace->count; i++)
		if (trace->segments[i].head.kind == ESC_SEGMENT_EVENTS &&
		    trace->segments[i].head.process == process &&
		    trace->segments[i].head.thread == thread &&
		    trace->segments[i].head.level == 0 && trace->segments[i].head.seq == 0)
			counters = &trace->segments[i].head.counters;
	if (counters == NULL)
		counters = &trace->head.overflow;
	if (decode_is_pools(event->kind)) {
		/* no calls of the malloc family */
	} else if (decode_allocates(event->kind)) {
		counters->allocations++;
		counters->bytes += event->size;
	} else if (event->kind < ESC_EVENT_STEP) {
		counters->frees++;
	}
}

static void
mktrace_append(struct mksegment *segment, const struct event *event)
{
	segment->head.used +=
	    (uint32_t)mktrace_encode(&segment->state, event, segment->payload + segment->head.used);
}

/* Where the interval is another than the reader knows of. */
static void
mktrace_rate(struct mksegment *segment, const struct event *event)
{
	struct event rate = {
		.kind = ESC_EVENT_RATE,
		.time = event->time,
		.size = event->interval,
		.stack = segment->state.stack,
		.region = segment->state.region,
	};

	if (event->interval != 0 && event->interval != segment->state.interval)
		mktrace_append(segment, &rate);
}

void
mktrace_event(struct mktrace *trace, uint32_t process, uint32_t thread, uint8_t level,
    const struct event *event)
{
	struct mksegment *segment = mktrace_last(trace, process, thread, level);
	uint32_t seq = segment != NULL ? segment->head.seq + 1 : 0;
	uint64_t interval = segment != NULL ? segment->state.interval : trace->head.sample_interval;

	if (segment == NULL || segment->cut ||
	    segment->head.used + 2 * ESC_EVENT_MAX > MKTRACE_ROOM) {
		segment = mktrace_add(trace);
		segment->head.kind = ESC_SEGMENT_EVENTS;
		segment->head.process = process;
		segment->head.thread = thread;
		segment->head.level = level;
		segment->head.tid = 1000 + thread;
		segment->head.seq = seq;
		segment->head.base = event->time;
		segment->state.time = event->time;
		segment->head.interval = segment->state.interval = interval;
	}
	mktrace_rate(segment, event);
	mktrace_append(segment, event);
	mktrace_count(trace, process, thread, event);
}

/* What the keeper does just before the trace is complete. */
static void
mktrace_sum(struct mktrace *trace, uint8_t *header)
{
	struct esc_header *whole = (struct esc_header *)(void *)header;
	uint32_t flags = whole->flags;
	struct esc_segment *head;
	size_t i;

	for (i = 0; i < trace->count; i++) {
		head = &trace->segments[i].head;
		head->payload_sum = crc32c(0, trace->segments[i].payload, head->used);
		head->sum = 0;
		head->sum = crc32c(0, head, sizeof(*head));
	}
	whole->sum = 0;
	whole->flags |= ESC_FLAG_COMPLETE;
	whole->sum = crc32c(0, header, ESC_HEADER_SIZE);
	whole->flags = flags;
}

int
mktrace_write(struct mktrace *trace, const char *path)
{
	uint8_t *header = xcalloc(1, ESC_HEADER_SIZE);
	FILE *out = fopen(path, "wb");
	size_t i;
	int status = 0;

	trace->head.claimed = ESC_HEADER_SIZE + trace->count * (uint64_t)MKTRACE_SEGMENT;
	trace->head.reserved_end = trace->head.claimed;
	memcpy(header, &trace->head, sizeof(trace->head));
	mktrace_sum(trace, header);
	if (out == NULL || fwrite(header, ESC_HEADER_SIZE, 1, out) != 1)
		status = -1;
	for (i = 0; status == 0 && i < trace->count; i++)
		if (fwrite(&trace->segments[i].head, sizeof(struct esc_segment), 1, out) != 1 ||
		    fwrite(trace->segments[i].payload, MKTRACE_ROOM, 1, out) != 1)
			status = -1;
	if (out != NULL && fclose(out) != 0)
		status = -1;
	free(header);
	return status;
}
