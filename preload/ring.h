/*
 * The trace, mapped: segments, definitions, events. Formats: record.h.
 *
 * No function here makes a system call but ring_start. All are safe in signal
 * handlers and in the child of a fork or vfork. A writer belongs to one thread
 * and level at a time; definitions may be made by all threads at once.
 */
#ifndef PRELOAD_RING_H
#define PRELOAD_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "arch/frame.h"
#include "preload/record.h"

/* The kernel empties this page in the child of a fork (MADV_WIPEONFORK). */
struct ring_process {
	uint32_t number; /* 0: this process has to register */
	uint32_t registering;
	uint32_t defs_size;
	struct esc_segment *defs;
};

struct ring {
	struct esc_header *header; /* NULL: nothing is recorded */
	uint8_t *base;
	uint64_t size; /* mapped */
	struct ring_process *process;
	uint32_t parent;     /* number of the process that forked this one */
	uint32_t tid_offset; /* of the tid from the thread pointer; 0: unknown */
	uint64_t stalled;    /* reserved_end when there was no room */
	bool monotonic;      /* the clock is CLOCK_MONOTONIC */
};

extern struct ring ring;

/* What one event says; see record.h. */
struct event {
	uint64_t time;
	uint64_t address;
	uint64_t size;
	uint32_t stack;
	uint16_t kind;
	uint16_t cost;
	uint16_t kept; /* with ESC_KEPT_PROVED: proved counts */
	uint16_t proved;
	uint16_t region;
	uint16_t flags; /* ESC_CONTROL_COST, _KEPT */
};

struct writer {
	uint8_t *at;  /* NULL: no segment */
	uint8_t *end; /* an event fits while at <= end */
	struct esc_segment *segment;
	uint64_t time, address;
	uint32_t stack;
	uint16_t region;
	bool gap; /* the next event says GAP */
	uint8_t level;
	uint32_t seq;
	uint32_t thread, tid;
	uint64_t interval; /* T that a reader knows of */
};

/* The number of this process; registers it if need be. 0: not now. */
uint32_t ring_process(void);

/* The kernel's id of the calling thread, 0 unknown. */
uint32_t ring_tid(void);

/* A zeroed new segment, its header's size, kind and process set; NULL: no room. */
struct esc_segment *ring_claim(uint32_t size, enum esc_segment_kind kind);

/* Room for a definition of that many slots (at most 255), its `slots` set; NULL:
 * none. Fill it, then ring_defined stores its type. */
void *ring_define(uint32_t slots);
void ring_defined(struct esc_def *def, enum esc_def_type type);

/* Begins a stream; segment may be NULL: its first one then is claimed later. */
void ring_begin(struct writer *writer, uint32_t thread, uint32_t tid, uint8_t level,
    struct esc_segment *segment);

/* Says that what follows is taken by that interval, where that is news. False: there
 * was no room, nothing was written. */
bool ring_rate(struct writer *writer, uint64_t time, uint64_t interval);

/* Appends. False: there was no room, nothing was written, the next event will
 * say GAP. */
static inline bool ring_write(struct writer *writer, const struct event *event);

static inline uint64_t
ring_ticks(void)
{
	struct timespec now;

	if (__builtin_expect(!ring.monotonic, 1))
		return arch_ticks();
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* --- Private --- */

/* Claims the writer's next segment. */
bool ring_next(struct writer *writer, uint64_t time);

/* Length codes, and the lengths that they stand for: branch-free. */
static inline uint32_t
ring_code1248(uint64_t value)
{
	return (uint32_t)(value > 0xff) + (value > 0xffff) + (value > 0xffffffff);
}

static inline uint32_t
ring_code0248(uint64_t value)
{
	return (uint32_t)(value != 0) + (value > 0xffff) + (value > 0xffffffff);
}

static inline uint32_t
ring_code0124(uint64_t value)
{
	return (uint32_t)(value != 0) + (value > 0xff) + (value > 0xffff);
}

static inline uint8_t *
ring_put(uint8_t *at, uint64_t value, unsigned int length)
{
	__builtin_memcpy(at, &value, 8);
	return at + length;
}

static inline uint8_t *
ring_put16(uint8_t *at, uint16_t value)
{
	__builtin_memcpy(at, &value, 2);
	return at + 2;
}

static inline uint64_t
ring_zigzag(int64_t value)
{
	return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static inline bool
ring_write(struct writer *writer, const struct event *event)
{
	bool block = event->kind != ESC_EVENT_STEP;
	bool sized = event->kind < ESC_EVENT_FREE;
	uint64_t time, address, stack;
	uint32_t time_code, address_code, stack_code, size_code, control;
	uint8_t *at;

	if (__builtin_expect(writer->at == NULL || writer->at > writer->end, 0) &&
	    !ring_next(writer, event->time)) {
		writer->gap = true;
		return false;
	}
	/* A timed event nested in a call may be stamped behind: never backwards. */
	time = event->time > writer->time ? event->time - writer->time : 0;
	address = block
	    ? ring_zigzag((int64_t)(event->address >> 3) - (int64_t)(writer->address >> 3))
	    : 0;
	stack = ring_zigzag((int64_t)event->stack - (int64_t)writer->stack);
	time_code = ring_code1248(time);
	address_code = ring_code0248(address);
	if (stack > UINT32_MAX) { /* cannot happen below 2^31 stacks */
		writer->gap = true;
		return false;
	}
	stack_code = ring_code0124(stack);
	size_code = sized ? ring_code1248(event->size) : 0;
	control = event->kind | time_code << ESC_CONTROL_TIME_SHIFT |
	    address_code << ESC_CONTROL_ADDRESS_SHIFT | stack_code << ESC_CONTROL_STACK_SHIFT |
	    size_code << ESC_CONTROL_SIZE_SHIFT | event->flags;
	if (__builtin_expect(writer->gap, 0))
		control |= ESC_CONTROL_GAP;
	if (__builtin_expect(event->region != writer->region, 0))
		control |= ESC_CONTROL_REGION;
	at = ring_put16(writer->at, (uint16_t)control);
	at = ring_put(at, time, 1U << time_code);
	at = ring_put(at, address, (1U << address_code) & ~1U);
	at = ring_put(at, stack, (1U << stack_code) >> 1);
	at = ring_put(at, event->size, sized ? 1U << size_code : 0);
	if (__builtin_expect(
		control & (ESC_CONTROL_COST | ESC_CONTROL_KEPT | ESC_CONTROL_REGION), 0)) {
		if (control & ESC_CONTROL_COST)
			at = ring_put16(at, event->cost);
		if (control & ESC_CONTROL_KEPT) {
			at = ring_put16(at, event->kept);
			if (event->kept & ESC_KEPT_PROVED)
				at = ring_put16(at, event->proved);
		}
		if (control & ESC_CONTROL_REGION)
			at = ring_put16(at, event->region);
	}
	writer->at = at;
	writer->time += time;
	if (block)
		writer->address = event->address;
	writer->stack = event->stack;
	writer->region = event->region;
	writer->gap = false;
	__atomic_store_n(&writer->segment->used, (uint32_t)(at - (uint8_t *)(writer->segment + 1)),
	    __ATOMIC_RELEASE);
	return true;
}

#endif
