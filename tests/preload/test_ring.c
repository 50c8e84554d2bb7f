/* Events as the shim writes them are what the analyzer reads. */
#include "preload/ring.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/check.h"
#include "tests/lib/fakering.h"

/* The analyzer's event has the shim's name. */
#define event decoded
#include "analyzer/trace/decode.h"
#undef event

enum { EVENTS = 300000 };

static uint64_t seed = 20260601;

static uint64_t
draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1dULL;
}

static struct event
draw_event(uint64_t time)
{
	struct event event = {
		.time = time,
		.kind = (uint16_t)(1 + draw() % ESC_EVENT_STEP),
		.stack = (uint32_t)(draw() >> (draw() % 32 + 32)),
		.region = (uint16_t)(draw() % 8 == 0 ? draw() : 0),
	};

	if (event.kind != ESC_EVENT_STEP)
		event.address = draw() >> (8 + draw() % 50) & ~7ULL;
	if (event.kind < ESC_EVENT_FREE)
		event.size = draw() >> (1 + draw() % 63);
	if (draw() % 3 == 0) {
		event.flags |= ESC_CONTROL_COST;
		event.cost = (uint16_t)draw();
	}
	if (draw() % 3 == 0) {
		event.flags |= ESC_CONTROL_KEPT;
		event.kept = (uint16_t)draw();
		event.proved = (uint16_t)draw();
	}
	return event;
}

static void
check_same(const struct decoded *got, const struct event *want, bool gap)
{
	bool kept = (want->flags & ESC_CONTROL_KEPT) != 0;
	bool proved = kept && (want->kept & ESC_KEPT_PROVED) != 0;

	CHECK_EQ(got->time, want->time >> ARCH_TIME_SHIFT << ARCH_TIME_SHIFT);
	CHECK_EQ(got->kind, want->kind);
	CHECK_EQ(got->size, want->size);
	CHECK_EQ(got->stack, want->stack);
	CHECK_EQ(got->region, want->region);
	CHECK_EQ(got->gap, gap);
	CHECK_EQ(got->has_cost, (want->flags & ESC_CONTROL_COST) != 0);
	CHECK_EQ(got->cost, want->cost);
	CHECK_EQ(got->has_kept, kept);
	CHECK_EQ(got->kept, kept ? want->kept & ~ESC_KEPT_PROVED : 0);
	CHECK_EQ(got->proved, proved ? want->proved : UINT16_MAX);
	if (want->kind != ESC_EVENT_STEP)
		CHECK_EQ(got->address, want->address);
}

/* Random events of every length, segment after segment. */
static void
test_identity(void)
{
	struct writer writer;
	const struct esc_segment *segment = NULL;
	struct decode state = { 0 };
	uint64_t time = ring_ticks();
	uint32_t read = 0, segments = 0, rates = 0;

	ring_begin(&writer, 1, 1, 0, NULL);
	for (int i = 0; i < EVENTS; i++) {
		struct event event;
		struct decoded got;
		size_t length;
		bool gap = draw() % 50 == 0;

		time += draw() >> (draw() % 32 + 24);
		event = draw_event(time);
		writer.gap = gap;
		if (draw() % 20 == 0)
			CHECK(ring_rate(&writer, time, 1 + (draw() >> draw() % 60)));
		CHECK(ring_write(&writer, &event));
		if (writer.segment != segment) {
			segment = writer.segment;
			CHECK_EQ(segment->seq, segments++);
			read = 0;
			state = (struct decode){ .time = segment->base,
				.interval = segment->interval,
				.shift = ARCH_TIME_SHIFT };
		}
		CHECK(segment->used <= segment->size - sizeof(*segment));
		length = decode_event(
		    &state, (const uint8_t *)(segment + 1) + read, segment->used - read, &got);
		if (got.kind == ESC_EVENT_RATE) {
			rates++;
			CHECK(!got.gap);
			read += (uint32_t)length;
			length = decode_event(&state, (const uint8_t *)(segment + 1) + read,
			    segment->used - read, &got);
		}
		CHECK_EQ(got.interval, writer.interval);
		CHECK_EQ(length, segment->used - read);
		CHECK(length <= ESC_EVENT_MAX);
		check_same(&got, &event, gap);
		read = segment->used;
	}
	CHECK(segments > 12);
	CHECK(rates > EVENTS / 25);
}

/* A call that began before the event behind it ended is not stamped backwards. */
static void
test_backwards(void)
{
	struct event event = { .time = ring_ticks(), .kind = ESC_EVENT_FREE, .address = 64 };
	struct writer writer;
	struct decode state;
	struct decoded got;
	size_t length;

	ring_begin(&writer, 2, 2, 0, NULL);
	CHECK(ring_write(&writer, &event));
	event.time -= 1000000;
	CHECK(ring_write(&writer, &event));
	state = (struct decode){ .time = writer.segment->base, .shift = ARCH_TIME_SHIFT };
	length = decode_event(&state, (const uint8_t *)(writer.segment + 1), 40, &got);
	CHECK_EQ(length, 5);
	length += decode_event(&state, (const uint8_t *)(writer.segment + 1) + length, 40, &got);
	CHECK_EQ(length, writer.segment->used);
	CHECK_EQ(got.time, writer.segment->base);
}

static void *
beat(void *stop)
{
	while (!__atomic_load_n((bool *)stop, __ATOMIC_RELAXED))
		__atomic_fetch_add(&ring.header->heartbeat, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* Somebody has emptied the file, and made it as long as it was: nothing is written where
 * nothing was claimed, and a keeper that lives and cannot help is not waited for. */
static void
test_emptied(void)
{
	struct esc_header head = *ring.header;
	struct event event = { .kind = ESC_EVENT_FREE, .time = 1 << 20, .address = 1 << 20 };
	struct writer writer;
	struct esc_segment *segment;
	bool stop = false;
	pthread_t keeper;
	uint64_t i;

	ring_begin(&writer, 9, 9, 0, NULL);
	CHECK(ring_write(&writer, &event));
	CHECK(ring_define(4) != NULL);
	segment = writer.segment;
	memset(ring.base, 0, (size_t)head.claimed);
	__atomic_store_n(&ring.stalled, 1, __ATOMIC_RELAXED);
	CHECK(pthread_create(&keeper, NULL, beat, &stop) == 0);
	for (i = 0; i < 2 * ESC_SEGMENT_MIN; i++)
		if (!ring_write(&writer, &event))
			break;
	CHECK(i > 10 && i < ESC_SEGMENT_MIN);
	CHECK(writer.at <= (uint8_t *)segment + ESC_SEGMENT_MIN);
	CHECK(ring_define(4) == NULL);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	CHECK(pthread_join(keeper, NULL) == 0);
	*ring.header = head;
	CHECK(ring_define(4) != NULL);
	CHECK(ring_write(&writer, &event));
	CHECK(writer.segment->size >= ESC_SEGMENT_MIN);
	CHECK((uint8_t *)writer.segment >= ring.base + head.claimed);
}

static volatile sig_atomic_t still_ticks;

/* The first: all stands still. The others: the keeper, which went on with the writer, has
 * not got to it yet; then it has. Ticks are of the CPU: the writer is in its wait. */
static void
stand_still(int number)
{
	(void)number;
	switch (still_ticks++) {
	case 0: (void)raise(SIGSTOP); break;
	case 1: break;
	default: __atomic_store_n(&ring.header->reserved_end, ring.size, __ATOMIC_RELEASE);
	}
}

/* A writer waits for room while all stops for a second: that second is not its. */
static int
stand_still_child(void)
{
	const struct itimerval tick = { { 0, 10000 }, { 0, 10000 } };
	struct sigaction action = { .sa_handler = stand_still, .sa_flags = SA_RESTART };
	struct esc_segment *segment;

	ring.header->reserved_end = ring.header->claimed;
	__atomic_store_n(&ring.stalled, 1, __ATOMIC_RELAXED);
	(void)sigaction(SIGVTALRM, &action, NULL);
	if (setitimer(ITIMER_VIRTUAL, &tick, NULL) != 0)
		return 2;
	segment = ring_claim(ESC_SEGMENT_MIN, ESC_SEGMENT_EVENTS);
	return segment != NULL && still_ticks >= 3 ? 0 : 1;
}

static void
test_stand_still(void)
{
	struct esc_header head = *ring.header;
	const struct timespec second = { .tv_sec = 1 };
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(stand_still_child());
	CHECK(child > 0 && waitpid(child, &status, WUNTRACED) == child);
	CHECK(WIFSTOPPED(status));
	(void)nanosleep(&second, NULL);
	CHECK(kill(child, SIGCONT) == 0);
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
	*ring.header = head;
}

int
main(void)
{
	CHECK(fakering_start(256 << 20));
	test_identity();
	test_backwards();
	test_emptied();
	test_stand_still();
	return check_done();
}
