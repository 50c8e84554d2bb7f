/*
 * One event, decoded and checked (preload/record.h). Inline: it runs once an
 * event of the trace.
 */
#ifndef TRACE_DECODE_H
#define TRACE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "preload/record.h"

/* What one event hands to the next of its segment. */
struct decode {
	uint64_t time;
	uint64_t address;  /* >> 3 */
	uint64_t interval; /* T of the sampling, bytes; 1: every block is taken */
	uint32_t stack;
	uint16_t region;
	uint8_t shift; /* esc_header.time_shift */
};

struct event {
	uint64_t time; /* ticks */
	uint64_t address;
	uint64_t size;     /* allocations, ESC_EVENT_RATE; of GIVE_UP see record.h */
	uint64_t interval; /* T by which a block was taken; 1: all were */
	uint32_t stack;    /* id as recorded */
	uint16_t region;
	uint16_t kept;   /* if has_kept */
	uint16_t proved; /* of the kept ones, with ESC_FLAG_MARKS; UINT16_MAX: all */
	uint16_t cost;   /* if has_cost: ticks of the real call */
	uint32_t pool;   /* number, of ESC_EVENT_POOL_ */
	uint8_t kind;    /* enum esc_event */
	bool gap;
	bool has_kept;
	bool has_cost;
	/* never in a trace (escape/putback.h): */
	bool vague;   /* what called the hook is not known */
	bool pointer; /* since it was called through a pointer */
};

#define DECODE_ADDRESS ((1ULL << 56) - 1) /* addresses are told modulo that, times 8 */

/* One of the lengths that a field may have. */
struct decode_length {
	uint64_t mask;
	size_t len; /* bytes */
};

/* The field at `at`, of which 8 bytes may be read. */
static inline uint64_t
decode_field(const uint8_t *at, const struct decode_length *length)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value & length->mask;
}

static inline uint16_t
decode_short(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint64_t
decode_zigzag(uint64_t value)
{
	return (value >> 1) ^ (0 - (value & 1));
}

static inline bool
decode_allocates(unsigned kind)
{
	return (kind >= ESC_EVENT_MALLOC && kind <= ESC_EVENT_PVALLOC) ||
	    kind == ESC_EVENT_POOL_ALLOCATE;
}

static inline bool
decode_is_pools(unsigned kind)
{
	return kind >= ESC_EVENT_POOL_ALLOCATE;
}

static inline bool
decode_sized(unsigned kind)
{
	return decode_allocates(kind) || kind == ESC_EVENT_RATE || kind == ESC_EVENT_GIVE_UP ||
	    kind == ESC_EVENT_POOL_FREE;
}

/* Whether realloc made another block of that one. Of an older trace also if it just freed
 * it: there nothing tells. */
static inline bool
decode_moves(const struct event *event)
{
	return event->kind == ESC_EVENT_GIVE_UP && !event->has_cost;
}

/* Whether the event ends all blocks of its pool. */
static inline bool
decode_resets(const struct event *event)
{
	return event->kind == ESC_EVENT_POOL_FREE && event->size != 0;
}

/* A kind that exists, with the fields that it has. */
static inline bool
decode_control_valid(unsigned control)
{
	enum {
		TIME = 3U << ESC_CONTROL_TIME_SHIFT,
		ADDRESS = 3U << ESC_CONTROL_ADDRESS_SHIFT,
		SIZE = 3U << ESC_CONTROL_SIZE_SHIFT,
		NEVER = 1U << 16,
	};
	/* behind 16: with COST */
	static const uint32_t forbidden[32] = {
		[ESC_EVENT_NONE] = NEVER,
		[16] = NEVER,
		[ESC_EVENT_FREE] = SIZE,
		[16 | ESC_EVENT_FREE] = SIZE,
		[ESC_EVENT_STEP] = SIZE | ADDRESS,
		[16 | ESC_EVENT_STEP] = SIZE | ADDRESS,
		[ESC_EVENT_RATE] = ~(uint32_t)(NEVER | ESC_CONTROL_KIND | TIME | SIZE),
		[16 | ESC_EVENT_RATE] = NEVER,
		[ESC_EVENT_POOL_ALLOCATE] = NEVER,
		[ESC_EVENT_POOL_FREE] = NEVER,
	};

	return ((control | NEVER) &
		   forbidden[(control & ESC_CONTROL_KIND) | (control >> 9 & 16)]) == 0;
}

/* What follows the size of an event, and is in few of them: its length, or 0. */
static inline size_t
decode_rest(struct decode *state, const uint8_t *at, unsigned control, struct event *event)
{
	const uint8_t *from = at;

	if (control & ESC_CONTROL_COST && decode_is_pools(control & ESC_CONTROL_KIND)) {
		memcpy(&event->pool, at, sizeof(event->pool));
		at += sizeof(event->pool);
	} else if (control & ESC_CONTROL_COST) {
		event->cost = decode_short(at);
		at += 2;
	}
	if (control & ESC_CONTROL_KEPT) {
		event->kept = decode_short(at);
		at += 2;
		if ((event->kept & ESC_KEPT_PROVED) != 0) {
			event->kept &= (uint16_t)~ESC_KEPT_PROVED;
			event->proved = decode_short(at);
			at += 2;
		}
	}
	if (control & ESC_CONTROL_REGION) {
		state->region = decode_short(at);
		at += 2;
	}
	return (size_t)(at - from);
}

/* What the event is, now that the state has come to it. */
static inline __attribute__((always_inline)) void
decode_fill(struct decode *state, unsigned control, struct event *event)
{
	event->kind = (uint8_t)(control & ESC_CONTROL_KIND);
	if (event->kind == ESC_EVENT_RATE)
		state->interval = event->size;
	event->interval = state->interval;
	event->time = state->time;
	event->address = state->address << 3;
	event->stack = state->stack;
	event->region = state->region;
	event->gap = (control & ESC_CONTROL_GAP) != 0;
	event->has_cost = (control & ESC_CONTROL_COST) != 0 && !decode_is_pools(event->kind);
	event->has_kept = (control & ESC_CONTROL_KEPT) != 0;
	event->vague = event->pointer = false;
}

/* The same as decode_event, where ESC_EVENT_MAX bytes may be read. */
static inline __attribute__((always_inline)) size_t
decode_whole(struct decode *state, const uint8_t *at, struct event *event)
{
	static const struct decode_length times[4] = { { 0xff, 1 }, { 0xffff, 2 },
		{ UINT32_MAX, 4 }, { UINT64_MAX, 8 } };
	static const struct decode_length addresses[4] = { { 0, 0 }, { 0xffff, 2 }, { 0xffffff, 3 },
		{ DECODE_ADDRESS, 7 } };
	static const struct decode_length stacks[4] = { { 0, 0 }, { 0xff, 1 }, { 0xffff, 2 },
		{ UINT32_MAX, 4 } };
	static const struct decode_length sizes[4] = { { 0, 0 }, { 0xff, 1 }, { 0xffff, 2 },
		{ UINT64_MAX, 8 } };
	const uint8_t *from = at;
	const struct decode_length *length;
	unsigned control = decode_short(at);

	if (!decode_control_valid(control))
		return 0;
	at += 2;
	length = &times[control >> ESC_CONTROL_TIME_SHIFT & 3];
	state->time += decode_field(at, length) << state->shift;
	at += length->len;
	length = &addresses[control >> ESC_CONTROL_ADDRESS_SHIFT & 3];
	state->address += decode_zigzag(decode_field(at, length));
	state->address &= DECODE_ADDRESS;
	at += length->len;
	length = &stacks[control >> ESC_CONTROL_STACK_SHIFT & 3];
	state->stack += (uint32_t)decode_zigzag(decode_field(at, length));
	at += length->len;
	length = &sizes[control >> ESC_CONTROL_SIZE_SHIFT & 3];
	event->size = decode_field(at, length);
	at += length->len;
	event->cost = event->kept = 0;
	event->pool = 0;
	event->proved = UINT16_MAX;
	if ((control & (ESC_CONTROL_COST | ESC_CONTROL_KEPT | ESC_CONTROL_REGION)) != 0)
		at += decode_rest(state, at, control, event);
	decode_fill(state, control, event);
	return (size_t)(at - from);
}

/*
 * Decodes the event at `at`, of which `len` bytes may be read, into event, and
 * moves state on. Returns its length, or 0 if it is damaged or does not end
 * within len; state and event are then undefined.
 */
static inline size_t
decode_event(struct decode *state, const uint8_t *at, size_t len, struct event *event)
{
	uint8_t padded[ESC_EVENT_MAX] = { 0 };
	size_t need;

	if (len >= ESC_EVENT_MAX)
		return decode_whole(state, at, event);
	if (len < 2)
		return 0;
	memcpy(padded, at, len);
	need = decode_whole(state, padded, event);
	return need <= len ? need : 0;
}

#endif
