#include "preload/slots.h"

#include <stddef.h>
#include <string.h>

#include "preload/ring.h"

enum {
	SLOTS_MIN = 4096,
	SLOTS_MAX = 65536,
	SLOTS_OF = 4096,   /* so many in a file, where that makes such sizes */
	SLOTS_PROBES = 64, /* slots in use that one claim steps over */
};

/* Generation and state of a slot, as they stand in the file. */
typedef uint64_t __attribute__((may_alias)) slots_use;

_Static_assert(offsetof(struct esc_segment, generation) % 8 == 0 &&
	offsetof(struct esc_segment, state) == offsetof(struct esc_segment, generation) + 4 &&
	__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
    "both in one word");

/* A process that was killed while it stamped does not keep the others from it. */
static const uint64_t SLOTS_STAMP_TICKS = 4ULL << 30;

/* Where none was free, nobody looks for so long. */
static const uint64_t SLOTS_STARVED_TICKS = 1 << 18;

uint32_t
slots_size(uint64_t size)
{
	uint32_t slot = SLOTS_MIN;

	while (slot < SLOTS_MAX && size / SLOTS_OF > slot)
		slot *= 2;
	return slot;
}

void
slots_start(void)
{
	struct esc_header *header = ring.header;

	if (ring.size > header->reserved_end)
		ring.size = header->reserved_end;
	ring.slot = slots_size(ring.size);
	ring.size -= (ring.size - ESC_HEADER_SIZE) % ring.slot;
	header->ring_slot = ring.slot;
	header->ring_size = ring.size;
	header->reserved_end = ring.size;
}

/* The moment that tells a reader how long the ticks are, where no keeper does. */
static void
slots_stamp(void)
{
	struct esc_header *header = ring.header;
	uint64_t was = __atomic_load_n(&header->stamping, __ATOMIC_RELAXED);
	uint64_t now = ring_ticks();

	if ((was != 0 && now - was < SLOTS_STAMP_TICKS) ||
	    !__atomic_compare_exchange_n(
		&header->stamping, &was, now, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	header->last.realtime = clock_now(CLOCK_REALTIME);
	header->last.monotonic = clock_now(CLOCK_MONOTONIC);
	header->last.ticks = ring_ticks();
	__atomic_store_n(&header->stamping, 0, __ATOMIC_RELEASE);
}

/* Of a slot that this process is about to use, or to leave. */
static uint32_t
slots_taken(void)
{
	return ESC_SLOT_TAKEN | ring.process->pid << ESC_SLOT_PID;
}

/* One that was never claimed. */
static struct esc_segment *
slots_fresh(void)
{
	struct esc_header *header = ring.header;
	uint64_t at = __atomic_load_n(&header->claimed, __ATOMIC_RELAXED);

	do {
		if (at < ESC_HEADER_SIZE || at + ring.slot > ring.size)
			return NULL;
	} while (!__atomic_compare_exchange_n(
	    &header->claimed, &at, at + ring.slot, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return (struct esc_segment *)(void *)(ring.base + at);
}

/* What is overwritten, is missing up to its end. */
static void
slots_lose(uint64_t end)
{
	uint64_t *from = &ring.header->ring_from;
	uint64_t was = __atomic_load_n(from, __ATOMIC_RELAXED);

	while (end > was &&
	    !__atomic_compare_exchange_n(from, &was, end, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

/*
 * One that its writer has left, if it still is. With its state goes its generation, in one
 * step: the two together are of one use alone, and the keeper tells by them whether a slot
 * of a process that is gone is another's by now, who may have the same pid. It is odd until
 * slots_open: what a reader finds there meanwhile is of the use before, or of neither.
 */
static bool
slots_take(struct esc_segment *segment, slots_use was)
{
	slots_use *use = (slots_use *)(void *)&segment->generation;
	slots_use is = (slots_use)slots_taken() << 32 | (((uint32_t)was + 1U) | 1U);
	uint64_t end;

	if (was >> 32 != ESC_SLOT_RETIRED)
		return false;
	end = __atomic_load_n(&segment->end, __ATOMIC_ACQUIRE);
	/* Of that use, and not of one that began meanwhile. */
	if (__atomic_load_n(use, __ATOMIC_ACQUIRE) != was)
		return false;
	slots_lose(end);
	/* Before any byte of it changes: who copies it sees that. */
	if (!__atomic_compare_exchange_n(use, &was, is, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return false;
	__atomic_store_n(&segment->magic, 0, __ATOMIC_RELEASE);
	return true;
}

/* Its header is empty: it may be begun. */
static void
slots_open(struct esc_segment *segment, uint32_t state)
{
	slots_use *use = (slots_use *)(void *)&segment->generation;

	__atomic_store_n(
	    use, (slots_use)state << 32 | ((segment->generation + 1U) & ~1U), __ATOMIC_RELEASE);
}

static struct esc_segment *
slots_oldest(void)
{
	uint32_t count = (uint32_t)((ring.size - ESC_HEADER_SIZE) / ring.slot);
	uint32_t open = 0;

	/* Definitions may stand in a row, and are not what there is a lack of. */
	for (uint32_t i = 0; i < count && open < SLOTS_PROBES; i++) {
		uint64_t hand = __atomic_fetch_add(&ring.header->ring_hand, 1, __ATOMIC_RELAXED);
		struct esc_segment *segment = (struct esc_segment *)(void *)(ring.base +
		    ESC_HEADER_SIZE + hand % count * ring.slot);
		slots_use was =
		    __atomic_load_n((slots_use *)(void *)&segment->generation, __ATOMIC_ACQUIRE);

		if (slots_take(segment, was))
			return segment;
		open += was >> 32 != 0;
	}
	return NULL;
}

/* Definitions are never given up: they have half of the file, and no more. */
static bool
slots_may_define(void)
{
	uint64_t *defs = &ring.header->ring_defs;

	if (__atomic_load_n(defs, __ATOMIC_RELAXED) + ring.slot > ring.size / 2)
		return false;
	if (__atomic_add_fetch(defs, ring.slot, __ATOMIC_RELAXED) <= ring.size / 2)
		return true;
	__atomic_fetch_sub(defs, ring.slot, __ATOMIC_RELAXED);
	return false;
}

struct esc_segment *
slots_claim(enum esc_segment_kind kind)
{
	struct esc_segment *segment;

	uint64_t starved = __atomic_load_n(&ring.stalled, __ATOMIC_RELAXED);

	if (starved != 0 && ring_ticks() - starved < SLOTS_STARVED_TICKS)
		return NULL;
	if (kind == ESC_SEGMENT_DEFS && !slots_may_define())
		return NULL;
	segment = slots_fresh();
	if (segment == NULL)
		segment = slots_oldest();
	__atomic_store_n(&ring.stalled, segment == NULL ? ring_ticks() : 0, __ATOMIC_RELAXED);
	if (segment == NULL) {
		if (kind == ESC_SEGMENT_DEFS)
			__atomic_fetch_sub(&ring.header->ring_defs, ring.slot, __ATOMIC_RELAXED);
		return NULL;
	}
	slots_stamp();
	segment->used = 0;
	segment->end = ring.process->pid;
	if (kind == ESC_SEGMENT_DEFS && segment->generation != 0)
		memset(segment + 1, 0, ring.slot - sizeof(*segment));
	slots_open(segment, kind == ESC_SEGMENT_DEFS ? 0U : ESC_SLOT_OPEN);
	return segment;
}

void
slots_retire(struct esc_segment *segment, uint64_t end)
{
	/* While it is open, `end` is a pid to the keeper. */
	__atomic_store_n(&segment->state, slots_taken(), __ATOMIC_RELAXED);
	__atomic_store_n(&segment->end, end, __ATOMIC_RELEASE);
	__atomic_store_n(&segment->state, ESC_SLOT_RETIRED, __ATOMIC_RELEASE);
}
