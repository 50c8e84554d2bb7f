/* Segments that processes have left open: those of the dead are given back, no other. */
#include "keeper/reclaim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/check.h"
#include "tests/lib/mktrace.h"

enum { SLOT = 4096, SLOTS = 16, SIZE = ESC_HEADER_SIZE + SLOTS * SLOT };

static int fd;
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
define(uint32_t number, uint32_t pid)
{
	struct esc_segment *segment = slot(0);
	struct esc_def_process def = {
		.def = { .type = ESC_DEF_PROCESS, .slots = sizeof(def) / ESC_SLOT, .id = number },
		.pid = pid,
	};

	memcpy((uint8_t *)(segment + 1) + segment->used, &def, sizeof(def));
	segment->used += (uint32_t)sizeof(def);
	header->processes = number;
}

static void
put(int at, uint32_t process, uint32_t state)
{
	*slot(at) = (struct esc_segment){
		.magic = ESC_SEGMENT_MAGIC,
		.kind = ESC_SEGMENT_EVENTS,
		.size = SLOT,
		.process = process,
		.state = state,
		.base = 1000,
	};
}

static void
make(void)
{
	FILE *new = tmpfile();

	CHECK(new != NULL);
	if (new == NULL)
		exit(check_done());
	fd = fileno(new);
	CHECK(ftruncate(fd, SIZE) == 0);
	file = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(file != MAP_FAILED);
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
	make();
	define(1, (uint32_t)getpid());
	define(2, dead());
	define(3, 0);
	define(4, dead());
	put(1, 1, ESC_SLOT_OPEN);
	put(2, 2, ESC_SLOT_OPEN);
	put(3, 3, ESC_SLOT_OPEN);
	put(4, 4, ESC_SLOT_RETIRED);
	put(5, 2, ESC_SLOT_TAKEN);
	put(6, 9, ESC_SLOT_OPEN);
	put(7, 2, ESC_SLOT_OPEN);
	slot(7)->magic = 0;
	CHECK_EQ(reclaim_segments(fd, header), 1);
	CHECK_EQ(slot(1)->state, ESC_SLOT_OPEN);
	CHECK_EQ(slot(2)->state, ESC_SLOT_RETIRED);
	CHECK_EQ(slot(2)->end, 1000);
	CHECK_EQ(slot(3)->state, ESC_SLOT_OPEN);
	CHECK_EQ(slot(4)->end, 0);
	CHECK_EQ(slot(5)->state, ESC_SLOT_TAKEN);
	CHECK_EQ(slot(6)->state, ESC_SLOT_OPEN);
	CHECK_EQ(slot(7)->state, ESC_SLOT_OPEN);
	CHECK_EQ(reclaim_segments(fd, header), 0);
}

/* One process cannot have left anything. */
static void
test_one(void)
{
	make();
	define(1, dead());
	put(1, 1, ESC_SLOT_OPEN);
	CHECK_EQ(reclaim_segments(fd, header), 0);
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
	return check_done();
}
