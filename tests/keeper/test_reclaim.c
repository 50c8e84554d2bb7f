/* Segments that processes have left open: those of the dead are given back, no other. */
#include "keeper/reclaim.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/check.h"
#include "tests/lib/mktrace.h"

enum { SLOT = 4096, SLOTS = 16, SIZE = ESC_HEADER_SIZE + SLOTS * SLOT };

static uint8_t *file;
static struct esc_header *header;

static struct esc_segment *
slot(int number)
{
	return (void *)(file + ESC_HEADER_SIZE + (size_t)number * SLOT);
}

/* A process that is over. */
static uint32_t
dead(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	CHECK(waitpid(child, NULL, 0) == child);
	return (uint32_t)child;
}

static void
put(int at, uint32_t pid, uint32_t state)
{
	*slot(at) = (struct esc_segment){
		.magic = ESC_SEGMENT_MAGIC,
		.kind = ESC_SEGMENT_EVENTS,
		.size = SLOT,
		.end = pid,
		.state = state,
		.base = 1000,
	};
}

static void
make(void)
{
	free(file);
	file = calloc(1, SIZE);
	if (file == NULL)
		exit(99);
	header = (void *)file;
	header->ring_size = SIZE;
	header->ring_slot = SLOT;
	header->time_shift = 4;
	*slot(0) = (struct esc_segment){
		.magic = ESC_SEGMENT_MAGIC, .kind = ESC_SEGMENT_DEFS, .size = SLOT
	};
}

static void
test_dead(void)
{
	uint32_t gone = dead();

	make();
	header->processes = 2;
	put(1, (uint32_t)getpid(), ESC_SLOT_OPEN);
	put(2, gone, ESC_SLOT_OPEN);
	put(4, gone, ESC_SLOT_RETIRED);
	put(5, gone, ESC_SLOT_TAKEN);
	put(6, gone, ESC_SLOT_OPEN);
	slot(6)->used = SLOT;
	put(7, gone, ESC_SLOT_OPEN);
	slot(7)->magic = 0;
	/* Killed while it took or left one, or before it began it. */
	put(3, 0, ESC_SLOT_TAKEN | gone << ESC_SLOT_PID);
	CHECK_EQ(reclaim_segments(file, SIZE), 4);
	CHECK_EQ(slot(1)->state, ESC_SLOT_OPEN);
	CHECK_EQ(slot(2)->state, ESC_SLOT_RETIRED);
	CHECK_EQ(slot(2)->end, 1000);
	CHECK_EQ(slot(3)->state, ESC_SLOT_RETIRED);
	CHECK_EQ(slot(3)->end, 1000);
	CHECK_EQ(slot(4)->end, gone);
	CHECK_EQ(slot(5)->state, ESC_SLOT_TAKEN);
	CHECK_EQ(slot(6)->state, ESC_SLOT_RETIRED);
	CHECK_EQ(slot(6)->end, 0);
	CHECK_EQ(slot(7)->state, ESC_SLOT_RETIRED);
	CHECK_EQ(slot(7)->end, 0);
	CHECK_EQ(reclaim_segments(file, SIZE), 0);
}

/* One process cannot have left anything. */
static void
test_one(void)
{
	make();
	header->processes = 1;
	put(1, dead(), ESC_SLOT_OPEN);
	CHECK_EQ(reclaim_segments(file, SIZE), 0);
	CHECK_EQ(slot(1)->state, ESC_SLOT_OPEN);
}

static uint64_t seed = 20260701;

static uint64_t
draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1dULL;
}

/* The end is the time of the last event, whatever events there are. */
static void
test_end(void)
{
	struct decode state = { .time = 5000, .shift = 4 };
	struct esc_segment segment = { .base = 5000 };
	struct esc_header head = { .time_shift = 4 };
	uint8_t payload[SLOT + ESC_EVENT_MAX] = { 0 };

	CHECK_EQ(reclaim_end(&head, &segment, payload), 5000);
	while (segment.used < SLOT - sizeof(segment)) {
		struct event event = {
			.kind = (uint8_t)(1 + draw() % ESC_EVENT_STEP),
			.time = state.time + ((draw() >> (draw() % 40 + 20)) << 4),
			.stack = (uint32_t)(draw() >> (draw() % 32 + 32)),
			.region = (uint16_t)(draw() % 3),
			.has_cost = draw() % 3 == 0,
			.has_kept = draw() % 3 == 0,
			.kept = (uint16_t)draw() & 0x7fff,
			.proved = draw() % 2 == 0 ? UINT16_MAX : (uint16_t)draw() & 0x7fff,
		};

		if (event.kind != ESC_EVENT_STEP)
			event.address = draw() >> (8 + draw() % 50) & ~7ULL;
		if (event.kind < ESC_EVENT_FREE)
			event.size = draw() >> (1 + draw() % 63);
		segment.used += (uint32_t)mktrace_encode(&state, &event, payload + segment.used);
		CHECK_EQ(reclaim_end(&head, &segment, payload), state.time);
	}
	/* Cut short, it stays inside. */
	for (; segment.used > 0; segment.used--)
		CHECK(reclaim_end(&head, &segment, payload) <= state.time);
}

int
main(void)
{
	test_dead();
	test_one();
	test_end();
	free(file);
	return check_done();
}
