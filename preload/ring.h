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

#include "arch/frame.h"
#include "preload/clock.h"
#include "preload/record.h"

/* The kernel empties this page in the child of a fork (MADV_WIPEONFORK). */
struct ring_process {
	uint32_t number; /* 0: this process has to register */
	uint32_t registering;
	uint32_t pid; /* 0: unknown */
	uint32_t defs_size;
	uint64_t defs_at; /* offset of the newest segment of DEFS; 0: none */
};

struct ring {
	struct esc_header *header; /* NULL: nothing is recorded */
	uint8_t *base;
	uint64_t size;                /* mapped */
	struct ring_process *process; /* never NULL */
	uint32_t parent;              /* number of the process that forked this one */
	uint32_t tid_offset;          /* of the tid from the thread pointer; 0: unknown */
	uint64_t phase_at;            /* ticks of the last PHASE; 1: none yet. A child has it */
	uint64_t stalled;             /* reserved_end when there was no room, a recorder's time */
	uint32_t slot;                /* flight recorder: size of all segments; 0: it is none */
	bool monotonic;               /* the clock is CLOCK_MONOTONIC */
};

extern struct ring ring __attribute__((visibility("hidden")));

/* A page of the library, which the constructor has replaced by an empty one: at a
 * place that the hooks know. */
union ring_self {
	struct ring_process process;
	char page[ESC_PAGE];
} __attribute__((aligned(ESC_PAGE)));

extern union ring_self ring_self __attribute__((visibility("hidden")));

/* What one event says; see record.h. */
struct event {
	uint64_t time;
	uint64_t address;
	uint64_t size; /* 0 where it is no allocation's */
	uint32_t pool; /* number, of ESC_EVENT_POOL_ */
	uint32_t stack;
	uint16_t kind;
	uint16_t cost;
	uint16_t kept; /* with ESC_KEPT_PROVED: proved counts */
	uint16_t proved;
	uint16_t region;
	uint16_t flags; /* ESC_CONTROL_COST, which those of pools always have; _KEPT */
};

struct writer {
	uint8_t *at;
	uint8_t *end; /* an event fits while at <= end; at > end without a segment */
	struct esc_segment *segment;
	uint64_t time;    /* in units, as the next */
	uint64_t address; /* >> 3 */
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

/* Room for a definition of that many slots (at most 65535), its `slots` set; NULL:
 * none. Fill it, then ring_defined stores its type. */
void *ring_define(uint32_t slots);
void ring_defined(struct esc_def *def, enum esc_def_type type);

/* The stream ends, its last segment may be used again. */
void ring_end(struct writer *writer);

/* Its thread has left it in the middle of whatever it did here: the next event begins a
 * segment, and says GAP. */
void ring_left(struct writer *writer);

/* Bytes that the longest definition may have. */
static inline uint32_t
ring_longest(void)
{
	return (ring.slot != 0 ? ring.slot : 16384) - (uint32_t)sizeof(struct esc_segment);
}

/* Begins a stream; segment may be NULL: its first one then is claimed later. */
void ring_begin(struct writer *writer, uint32_t thread, uint32_t tid, uint8_t level,
    struct esc_segment *segment);

/* Says that what follows is taken by that interval, where that is news. False: there
 * was no room, nothing was written. */
bool ring_rate(struct writer *writer, uint64_t time, uint64_t interval);

/* Appends. False: there was no room, nothing was written, the next event will
 * say GAP. */
static inline bool ring_write(struct writer *writer, const struct event *event);

/* The same for an event without flags. */
static inline bool ring_write_plain(struct writer *writer, const struct event *event);

static inline uint64_t
ring_ticks(void)
{
	if (__builtin_expect(!ring.monotonic, 1))
		return arch_ticks();
	return clock_now(CLOCK_MONOTONIC);
}

/* --- Private --- */

/* Claims the writer's next segment: where its events begin, or NULL. */
uint8_t *ring_next(struct writer *writer, uint64_t time);

/* An event is not recorded that should be: notes when, for all threads. */
void ring_lost(void);

/*
 * By the number of bits that a value needs: the code of its length in the control
 * word, and in the low 4 bits the length that the code stands for.
 */
struct ring_lengths {
	uint16_t time[64], address[64], stack[64], size[64];
};

extern const struct ring_lengths ring_lengths __attribute__((visibility("hidden")));

/* Bits that a value below 2^63 needs, 0 for 0. */
static inline uint64_t
ring_bits(uint64_t value)
{
	if (__builtin_constant_p(value) && value == 0)
		return 0;
	return arch_highest(2 * value + 1);
}

static inline uint8_t *
ring_put(uint8_t *at, uint64_t value, unsigned int length)
{
	__builtin_memcpy(at, &value, 8);
	return at + length;
}

static inline uint8_t *
ring_put32(uint8_t *at, uint32_t value)
{
	__builtin_memcpy(at, &value, 4);
	return at + 4;
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

static inline uint32_t
ring_zigzag32(uint32_t value)
{
	return value << 1 ^ (uint32_t)((int32_t)value >> 31);
}

/* What few events have, behind the rest: by their flags, */
static inline uint8_t *
ring_put_flagged(const struct event *event, uint8_t *at)
{
	if (event->flags & ESC_CONTROL_COST)
		at = event->kind >= ESC_EVENT_POOL_ALLOCATE ? ring_put32(at, event->pool)
							    : ring_put16(at, event->cost);
	if (event->flags & ESC_CONTROL_KEPT) {
		at = ring_put16(at, event->kept);
		if (event->kept & ESC_KEPT_PROVED)
			at = ring_put16(at, event->proved);
	}
	return at;
}

/* and where the stream does not just go on. */
static inline uint8_t *
ring_put_turned(struct writer *writer, uint16_t region, uint8_t *at, uint32_t *control)
{
	if (writer->gap)
		*control |= ESC_CONTROL_GAP;
	writer->gap = false;
	if (region != writer->region) {
		*control |= ESC_CONTROL_REGION;
		at = ring_put16(at, region);
	}
	writer->region = region;
	return at;
}

/* All before `at` is written. */
static inline void
ring_publish(struct writer *writer, uint8_t *at)
{
	struct esc_segment *segment = writer->segment;

	writer->at = at;
	__atomic_store_n(
	    &segment->used, (uint32_t)(at - (uint8_t *)(segment + 1)), __ATOMIC_RELEASE);
}

/* An event's address as the stream has it, writer->address where it has none. */
static inline uint64_t
ring_address(const struct writer *writer, const struct event *event)
{
	return (event->kind | 1U) == ESC_EVENT_RATE ? writer->address : event->address >> 3;
}

/* plain: the event has no flags. */
static inline __attribute__((always_inline)) bool
ring_write_as(struct writer *writer, const struct event *event, const bool plain)
{
	uint64_t moment = event->time >> ARCH_TIME_SHIFT;
	uint64_t time, address, stack;
	uint32_t t, a, s, z, control;
	uint8_t *at, *begin, *end;

	/* Each once, and `end` first: where that is of a segment, so is `at`, whatever another
	 * task with this thread pointer does. */
	end = __atomic_load_n(&writer->end, __ATOMIC_ACQUIRE);
	at = __atomic_load_n(&writer->at, __ATOMIC_RELAXED);
	if (__builtin_expect(at > end, 0) && (at = ring_next(writer, event->time)) == NULL) {
		writer->gap = true;
		return false;
	}
	begin = at;
	/* A timed event nested in a call may be stamped behind: never backwards. */
	moment = moment > writer->time ? moment : writer->time;
	time = moment - writer->time;
	address = ring_address(writer, event);
	writer->time = moment;
	stack = ring_zigzag32(event->stack - writer->stack);
	writer->stack = event->stack;
	moment = ring_zigzag((int64_t)((address - writer->address) << 8) >> 8);
	writer->address = address;
	address = moment;
	t = ring_lengths.time[ring_bits(time)];
	a = ring_lengths.address[ring_bits(address)];
	s = ring_lengths.stack[ring_bits(stack)];
	z = ring_lengths.size[ring_bits(event->size)];
	control = ((t | a | s | z) & 0xfff0) | event->kind | (plain ? 0 : event->flags);
	at = ring_put(at + 2, time, t & 15);
	at = ring_put(at, address, a & 15);
	at = ring_put(at, stack, s & 15);
	at = ring_put(at, event->size, z & 15);
	if (__builtin_expect(!plain && event->flags != 0, 0))
		at = ring_put_flagged(event, at);
	if (__builtin_expect(writer->gap | (uint32_t)(event->region ^ writer->region), 0))
		at = ring_put_turned(writer, event->region, at, &control);
	ring_put16(begin, (uint16_t)control);
	ring_publish(writer, at);
	return true;
}

static inline bool
ring_write(struct writer *writer, const struct event *event)
{
	return ring_write_as(writer, event, false);
}

static inline __attribute__((always_inline)) bool
ring_write_plain(struct writer *writer, const struct event *event)
{
	return ring_write_as(writer, event, true);
}

#endif
