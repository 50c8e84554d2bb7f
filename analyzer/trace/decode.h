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
	uint64_t size;     /* allocations and ESC_EVENT_RATE only */
	uint64_t interval; /* T by which a block was taken; 1: all were */
	uint32_t stack;    /* id as recorded */
	uint16_t region;
	uint16_t kept;   /* if has_kept */
	uint16_t proved; /* of the kept ones, with ESC_FLAG_MARKS; UINT16_MAX: all */
	uint16_t cost;   /* if has_cost: ticks of the real call */
	uint8_t kind;    /* enum esc_event */
	bool gap;
	bool has_kept;
	bool has_cost;
	/* never in a trace (escape/putback.h): */
	bool vague;   /* what called the hook is not known */
	bool pointer; /* since it was called through a pointer */
};

#define DECODE_ADDRESS ((1ULL << 56) - 1) /* addresses are told modulo that, times 8 */

static inline uint64_t
decode_field(const uint8_t *at, unsigned len)
{
	uint64_t value = 0;

	memcpy(&value, at, len);
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
	return kind >= ESC_EVENT_MALLOC && kind <= ESC_EVENT_PVALLOC;
}

static inline bool
decode_sized(unsigned kind)
{
	return decode_allocates(kind) || kind == ESC_EVENT_RATE;
}

/* A kind that exists, with the fields that it has. */
static inline bool
decode_control_valid(unsigned control)
{
	unsigned kind = control & ESC_CONTROL_KIND;

	if (decode_allocates(kind))
		return true;
	if (kind == ESC_EVENT_RATE)
		return (control &
			   ~(ESC_CONTROL_KIND | 3U << ESC_CONTROL_TIME_SHIFT |
			       3U << ESC_CONTROL_SIZE_SHIFT)) == 0;
	if (kind < ESC_EVENT_FREE || kind > ESC_EVENT_STEP)
		return false;
	if ((control >> ESC_CONTROL_SIZE_SHIFT & 3) != 0)
		return false;
	return kind != ESC_EVENT_STEP || (control >> ESC_CONTROL_ADDRESS_SHIFT & 3) == 0;
}

/*
 * Decodes the event at `at`, of which `len` bytes may be read, into event, and
 * moves state on. Returns its length, or 0 if it is damaged or does not end
 * within len; state and event are then undefined.
 */
static inline size_t
decode_event(struct decode *state, const uint8_t *at, size_t len, struct event *event)
{
	static const uint8_t longs[4] = { 1, 2, 4, 8 };
	static const uint8_t addresses[4] = { 0, 2, 3, 7 };
	static const uint8_t stacks[4] = { 0, 1, 2, 4 };
	static const uint8_t sizes[4] = { 0, 1, 2, 8 };
	unsigned control, a, b, c, d, kind;
	size_t need;

	if (len < 2)
		return 0;
	control = (unsigned)decode_field(at, 2);
	if (!decode_control_valid(control))
		return 0;
	kind = control & ESC_CONTROL_KIND;
	a = longs[control >> ESC_CONTROL_TIME_SHIFT & 3];
	b = addresses[control >> ESC_CONTROL_ADDRESS_SHIFT & 3];
	c = stacks[control >> ESC_CONTROL_STACK_SHIFT & 3];
	d = sizes[control >> ESC_CONTROL_SIZE_SHIFT & 3];
	need = 2 + a + b + c + d + (control & ESC_CONTROL_COST ? 2 : 0) +
	    (control & ESC_CONTROL_KEPT ? 2 : 0) + (control & ESC_CONTROL_REGION ? 2 : 0);
	if (need > len)
		return 0;
	at += 2;
	state->time += decode_field(at, a) << state->shift;
	at += a;
	state->address += decode_zigzag(decode_field(at, b));
	state->address &= DECODE_ADDRESS;
	at += b;
	state->stack += (uint32_t)decode_zigzag(decode_field(at, c));
	at += c;
	event->size = decode_field(at, d);
	at += d;
	event->has_cost = (control & ESC_CONTROL_COST) != 0;
	event->has_kept = (control & ESC_CONTROL_KEPT) != 0;
	event->cost = event->has_cost ? (uint16_t)decode_field(at, 2) : 0;
	at += event->has_cost ? 2 : 0;
	event->kept = event->has_kept ? (uint16_t)decode_field(at, 2) : 0;
	at += event->has_kept ? 2 : 0;
	event->proved = UINT16_MAX;
	event->vague = false;
	event->pointer = false;
	if ((event->kept & ESC_KEPT_PROVED) != 0) {
		/* `need` did not know of it: the region's bytes follow. */
		need += 2;
		if (need > len)
			return 0;
		event->kept &= (uint16_t)~ESC_KEPT_PROVED;
		event->proved = (uint16_t)decode_field(at, 2);
		at += 2;
	}
	if (control & ESC_CONTROL_REGION)
		state->region = (uint16_t)decode_field(at, 2);
	if (kind == ESC_EVENT_RATE)
		state->interval = event->size;
	event->interval = state->interval;
	event->time = state->time;
	event->address = state->address << 3;
	event->stack = state->stack;
	event->region = state->region;
	event->kind = (uint8_t)kind;
	event->gap = (control & ESC_CONTROL_GAP) != 0;
	return need;
}

#endif
