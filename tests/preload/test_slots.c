/* The flight recorder's slots: which one is taken, and what is said of it. */
#include "preload/slots.h"

#include <string.h>

#include "preload/ring.h"
#include "tests/lib/check.h"
#include "tests/lib/fakering.h"

enum { SIZE = 1 << 20, SLOTS = (SIZE - ESC_HEADER_SIZE) / 4096 };

static struct esc_segment *
slot(unsigned int number)
{
	return (void *)(ring.base + ESC_HEADER_SIZE + number * 4096UL);
}

static void
test_sizes(void)
{
	CHECK_EQ(slots_size(1 << 20), 4096);
	CHECK_EQ(slots_size(16 << 20), 4096);
	CHECK_EQ(slots_size(64 << 20), 16384);
	CHECK_EQ(slots_size(1ULL << 40), 65536);
	CHECK_EQ(ring.slot, 4096);
	CHECK_EQ(ring.header->ring_slot, 4096);
	CHECK_EQ(ring.header->ring_size, SIZE);
}

/* Each once, then none, since nobody has left one. */
static void
test_fresh(void)
{
	for (unsigned int i = 0; i < SLOTS; i++) {
		struct esc_segment *segment = ring_claim(4096, ESC_SEGMENT_EVENTS);

		CHECK(segment == slot(i));
		CHECK_EQ(segment->state, ESC_SLOT_OPEN);
		CHECK_EQ(segment->size, 4096);
	}
	for (int i = 0; i < 20; i++)
		CHECK(ring_claim(4096, ESC_SEGMENT_EVENTS) == NULL);
	CHECK_EQ(ring.header->claimed, SIZE);
	CHECK_EQ(ring.header->ring_from, 0);
	CHECK(ring.header->last.monotonic != 0);
	CHECK_EQ(ring.header->stamping, 0);
}

/* Those that were left, in the order of the file; it is whole from their end on. */
static void
test_oldest(void)
{
	struct esc_segment *segment;

	ring.header->ring_hand = 0;
	ring.stalled = 0;
	slot(7)->used = 100;
	slots_retire(slot(7), 5000);
	slots_retire(slot(9), 4000);
	segment = ring_claim(4096, ESC_SEGMENT_EVENTS);
	CHECK(segment == slot(7));
	CHECK_EQ(segment->generation, 2);
	CHECK_EQ(segment->magic, 0);
	CHECK_EQ(segment->used, 0);
	CHECK_EQ(segment->state, ESC_SLOT_OPEN);
	CHECK_EQ(ring.header->ring_from, 5000);
	CHECK(ring_claim(4096, ESC_SEGMENT_EVENTS) == slot(9));
	CHECK_EQ(ring.header->ring_from, 5000);
	CHECK_EQ(slot(8)->generation, 0);
}

/* A slot of events that becomes one of definitions is empty, and stays. */
static void
test_definitions(void)
{
	struct esc_segment *segment;
	uint64_t defs = ring.header->ring_defs;
	uint32_t taken = 0;

	ring.header->ring_hand = 0;
	memset(slot(3) + 1, 0xff, 4096 - sizeof(*segment));
	slots_retire(slot(3), 6000);
	segment = ring_claim(4096, ESC_SEGMENT_DEFS);
	CHECK(segment == slot(3));
	CHECK_EQ(segment->state, 0);
	CHECK_EQ(((const uint64_t *)(const void *)(segment + 1))[0], 0);
	CHECK_EQ(((const uint64_t *)(const void *)segment)[511], 0);
	CHECK_EQ(ring.header->ring_defs, defs + 4096);
	for (unsigned int i = 4; i < SLOTS; i++) {
		slots_retire(slot(i), 6000 + i);
		segment = ring_claim(4096, ESC_SEGMENT_DEFS);
		taken += segment == slot(i);
		if (segment == NULL)
			break;
	}
	CHECK(ring.header->ring_defs <= SIZE / 2);
	CHECK(taken > 100 && taken <= SIZE / 2 / 4096);
}

/* A writer that fills slot after slot leaves each. */
static void
test_writer(void)
{
	struct event event = { .kind = ESC_EVENT_MALLOC, .time = ring_ticks() };
	uint32_t open = 0, retired = 0;
	struct writer writer;

	for (unsigned int i = 0; i < SLOTS; i++)
		if (slot(i)->state == ESC_SLOT_OPEN)
			slots_retire(slot(i), 6000);
	ring.stalled = 0;
	ring_begin(&writer, 5, 5, 0, NULL);
	for (int i = 0; i < 300000; i++) {
		event.time += 40;
		event.address += 16;
		event.size = (uint64_t)i;
		CHECK(ring_write(&writer, &event));
	}
	for (unsigned int i = 0; i < SLOTS; i++) {
		open += slot(i)->state == ESC_SLOT_OPEN;
		retired += slot(i)->state == ESC_SLOT_RETIRED;
		if (slot(i)->state == ESC_SLOT_RETIRED)
			CHECK(slot(i)->end > ring.header->ring_from - 100);
	}
	CHECK_EQ(open, 1);
	CHECK(retired > 100);
	CHECK(ring.header->ring_from > event.time - 300000 * 40ULL);
	CHECK(ring.header->ring_from < event.time);
	ring_end(&writer);
	CHECK(!(writer.at <= writer.end));
	/* Once: a second end finds nothing to give back. */
	CHECK((uint8_t *)writer.segment < ring.base ||
	    (uint8_t *)writer.segment >= ring.base + ring.size);
	writer.segment->state = ESC_SLOT_OPEN;
	ring_end(&writer);
	CHECK_EQ(writer.segment->state, ESC_SLOT_OPEN);
	open = 0;
	for (unsigned int i = 0; i < SLOTS; i++)
		open += slot(i)->state == ESC_SLOT_OPEN;
	CHECK_EQ(open, 0);
}

int
main(void)
{
	CHECK(fakering_start(SIZE));
	/* What fakering has put there is not of it. */
	ring.process->defs_at = 0;
	ring.header->claimed = ESC_HEADER_SIZE;
	memset(ring.base + ESC_HEADER_SIZE, 0, SIZE - ESC_HEADER_SIZE);
	slots_start();
	test_sizes();
	test_fresh();
	test_oldest();
	test_definitions();
	test_writer();
	return check_done();
}
