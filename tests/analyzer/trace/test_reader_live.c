/* A trace that is still written is told from one that was left, and is read as it
 * was at one moment. */
#include "analyzer/trace/reader_live.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "analyzer/trace/reader.h"
#include "analyzer/trace/streams.h"
#include "analyzer/util/err.h"
#include "keeper/close.h"
#include "tests/lib/check.h"
#include "tests/lib/mktrace.h"

static char path[] = "test_live.XXXXXX";

static const uint64_t SECOND = 1000000000;

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static void
put_event(struct mktrace *trace, uint32_t thread, uint8_t kind, uint64_t time)
{
	struct event event = { .kind = kind, .time = time, .address = time & ~7ULL };

	event.proved = UINT16_MAX;
	event.size = decode_allocates(kind) ? 64 : 0;
	mktrace_event(trace, 1, thread, 0, &event);
}

/* Of a program that began a second ago; the clock's ticks are ns. Thread 1 stands
 * in a realloc, thread 2 has given up a block for good, thread 3 goes on. */
static void
make(uint64_t now, uint32_t flags)
{
	struct mktrace *trace = mktrace_new();
	struct esc_header *head = mktrace_header(trace);
	int i;

	head->flags = flags;
	head->clock = ESC_CLOCK_MONOTONIC;
	head->start = (struct esc_moment){ now - SECOND, now - SECOND, 5 * SECOND };
	head->last = (struct esc_moment){ now - SECOND / 20, now - SECOND / 20, 6 * SECOND };
	for (i = 0; i < 10; i++)
		put_event(trace, 3, ESC_EVENT_MALLOC, now - SECOND / 2 + (uint64_t)i);
	put_event(trace, 1, ESC_EVENT_GIVE_UP, now - 1000);
	put_event(trace, 1, ESC_EVENT_REALLOC, now + 3600 * SECOND);
	put_event(trace, 1, ESC_EVENT_MALLOC, now + 3601 * SECOND);
	put_event(trace, 2, ESC_EVENT_GIVE_UP, now - 1000);
	put_event(trace, 2, ESC_EVENT_MALLOC, now + 3600 * SECOND);
	mktrace_cut(trace, 1, 2, 0);
	put_event(trace, 2, ESC_EVENT_MALLOC, now + 3601 * SECOND);
	for (i = 0; i < 10; i++)
		put_event(trace, 3, ESC_EVENT_MALLOC, now + 3600 * SECOND + (uint64_t)i);
	CHECK_EQ(mktrace_write(trace, path), 0);
	mktrace_free(trace);
}

struct seen {
	bool running, complete, grows;
	uint64_t events[3];
	struct esc_moment last;
};

static struct seen
look(void)
{
	struct seen seen = { .grows = reader_may_grow(path) };
	struct err err = { "" };
	struct reader *reader = reader_open(path, &err);
	struct streams streams;
	struct cursor cursor;
	struct event event;
	size_t i;

	CHECK_STR(err.text, "");
	if (reader == NULL)
		return seen;
	seen.running = reader->running;
	seen.complete = (reader->head.flags & ESC_FLAG_COMPLETE) != 0;
	seen.last = reader->head.last;
	streams_init(&streams, reader, NULL);
	CHECK_EQ(streams.count, 3);
	for (i = 0; i < streams.count && i < 3; i++) {
		cursor_init(&cursor, reader, &streams, &streams.list[i], 4096);
		while (cursor_next(&cursor, &event))
			seen.events[i]++;
		CHECK(!cursor_next(&cursor, &event));
		cursor_release(&cursor);
	}
	/* that it was not closed */
	CHECK_EQ(reader->note_count, !seen.running && !seen.complete);
	streams_release(&streams);
	reader_free(reader);
	return seen;
}

static int
lock(int how)
{
	int fd = open(path, O_RDWR);

	CHECK_EQ(flock(fd, how), 0);
	return fd;
}

static void
check_all_seen(const struct seen *seen)
{
	CHECK(!seen->running);
	CHECK_EQ(seen->events[0], 3);
	CHECK_EQ(seen->events[1], 3);
	CHECK_EQ(seen->events[2], 20);
}

/* Nobody holds it: what there is, all of it. */
static void
test_left(void)
{
	uint64_t now = now_ns();
	struct seen seen;

	make(now, ESC_FLAG_STARTED);
	seen = look();
	check_all_seen(&seen);
	CHECK(!seen.complete && !seen.grows);
	CHECK_EQ(seen.last.ticks, now - SECOND / 20);
}

static void
test_running(void)
{
	uint64_t now = now_ns();
	struct seen seen;
	int fd;

	make(now, ESC_FLAG_STARTED);
	fd = lock(LOCK_SH);
	seen = look();
	CHECK(seen.running && seen.grows && !seen.complete);
	CHECK_EQ(seen.events[0], 2);
	CHECK_EQ(seen.events[1], 1);
	CHECK_EQ(seen.events[2], 10);
	CHECK(seen.last.monotonic >= now && seen.last.monotonic <= now_ns());
	CHECK(seen.last.ticks >= now && seen.last.ticks <= now_ns());
	/* and again; the one who writes still holds it */
	seen = look();
	CHECK(seen.running);
	CHECK(flock(fd, LOCK_EX | LOCK_NB) == 0);
	close(fd);
}

/* A lock in itself says nothing of a trace that is closed. */
static void
test_complete(void)
{
	struct seen seen;
	int fd;

	make(now_ns(), ESC_FLAG_STARTED | ESC_FLAG_COMPLETE);
	fd = lock(LOCK_SH);
	seen = look();
	check_all_seen(&seen);
	CHECK(seen.complete && !seen.grows);
	close(fd);
}

/* Before the shim has its lock nobody else must take one. */
static void
test_before(void)
{
	struct seen seen;
	int fd;

	make(now_ns(), 0);
	seen = look();
	CHECK(!seen.running && seen.grows);
	fd = lock(LOCK_EX);
	CHECK(!reader_live_wait(fd, 0));
	CHECK(!look().running);
	close(fd);
}

/* As a keeper does: with the header's sum. */
static void
complete(int fd)
{
	static uint8_t bytes[ESC_HEADER_SIZE];
	struct esc_header *head = (struct esc_header *)(void *)bytes;

	(void)!pread(fd, bytes, sizeof(bytes), 0);
	head->flags |= ESC_FLAG_COMPLETE;
	head->sum = close_header_sum(head);
	(void)!pwrite(fd, bytes, sizeof(bytes), 0);
}

/* Did the keeper that a test forked not get to run when it should have? What the reader says of
 * it is then right, and another thing. */
static bool
was_late(pid_t keeper)
{
	int status = 0;

	waitpid(keeper, &status, 0);
	return status != 0;
}

/* The reader has all of what that keeper closes; false if it was late. */
static bool
is_seen_closed(pid_t keeper)
{
	struct seen seen = look();

	if (was_late(keeper))
		return false;
	check_all_seen(&seen);
	CHECK(seen.complete && !seen.grows);
	return true;
}

/* Until its keeper was not late, which it can be on a busy machine only. */
static void
until_in_time(bool (*test)(void))
{
	int i;

	for (i = 0; i < 50; i++)
		if (test())
			return;
	puts("its keeper was always late");
}

/* The keeper closes it just now. */
static bool
test_closing(void)
{
	uint64_t begun;
	struct timespec while_closing = { .tv_nsec = 50000000 };
	int ready[2], fd;
	pid_t keeper;
	char byte;

	make(now_ns(), ESC_FLAG_STARTED);
	CHECK_EQ(pipe(ready), 0);
	keeper = fork();
	if (keeper == 0) {
		fd = lock(LOCK_EX);
		(void)!write(ready[1], "", 1);
		begun = now_ns();
		nanosleep(&while_closing, NULL);
		complete(fd);
		_exit(now_ns() - begun > SECOND);
	}
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return is_seen_closed(keeper);
}

static void
put_moments(struct esc_moment start, struct esc_moment last)
{
	int fd = open(path, O_RDWR);

	CHECK_EQ(
	    pwrite(fd, &start, sizeof(start), offsetof(struct esc_header, start)), sizeof(start));
	CHECK_EQ(pwrite(fd, &last, sizeof(last), offsetof(struct esc_header, last)), sizeof(last));
	close(fd);
}

/* Nobody holds it any more, and its keeper has not seen that yet. */
static bool
test_about_to_close(void)
{
	bool is_late = false;
	uint64_t begun;
	struct timespec now, beat = { .tv_nsec = 10000000 };
	struct esc_moment last = { 0, 0, 0 };
	uint64_t i;
	pid_t keeper;
	int fd;

	make(now_ns(), ESC_FLAG_STARTED);
	clock_gettime(CLOCK_REALTIME, &now);
	last.realtime = (uint64_t)now.tv_sec * SECOND;
	put_moments(last, last);
	begun = now_ns();
	keeper = fork();
	if (keeper == 0) {
		fd = open(path, O_RDWR);
		for (i = 1; i < 10; i++) {
			(void)!pwrite(fd, &i, sizeof(i), offsetof(struct esc_header, heartbeat));
			is_late |= now_ns() - begun > SECOND / 10;
			begun = now_ns();
			nanosleep(&beat, NULL);
		}
		complete(fd);
		_exit(is_late || now_ns() - begun > SECOND / 10);
	}
	return is_seen_closed(keeper);
}

/* The program is over, and its keeper has not begun yet, who then has nothing but to close it. */
static bool
test_about_to_begin(void)
{
	const struct timespec late = { .tv_nsec = 500000000 };
	struct esc_moment start = { 0, 0, 0 };
	struct timespec now;
	uint64_t begun;
	pid_t keeper;
	int fd;

	make(now_ns(), ESC_FLAG_STARTED);
	clock_gettime(CLOCK_REALTIME, &now);
	start.realtime = (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
	put_moments(start, start);
	begun = now_ns();
	keeper = fork();
	if (keeper == 0) {
		nanosleep(&late, NULL);
		fd = lock(LOCK_EX);
		complete(fd);
		_exit(now_ns() - begun > SECOND);
	}
	return is_seen_closed(keeper);
}

/* Three ticks are a ns. */
static void
test_clock(void)
{
	uint64_t now = now_ns(), after;
	struct esc_moment start = { 1000, now - 2 * SECOND, 0 };
	struct esc_moment last = { 1000 + 3 * SECOND, now - SECOND, 0 };
	struct esc_moment got;
	int fd = open(path, O_RDONLY);

	put_moments(start, last);
	CHECK(reader_live_now(fd, &got));
	after = now_ns();
	CHECK(got.ticks >= 1000 + 6 * SECOND);
	CHECK(got.ticks <= 1000 + 6 * SECOND + 3 * (after - now) + 3);
	CHECK(got.monotonic >= now && got.monotonic <= after);
	/* another machine's clock, or a broken one: not before what was seen */
	last.monotonic = now + 1000 * SECOND;
	last.ticks = 7777;
	put_moments(start, last);
	CHECK(reader_live_now(fd, &got));
	CHECK_EQ(got.ticks, 7777);
	/* no time was told */
	put_moments(start, start);
	CHECK(!reader_live_now(fd, &got));
	put_moments(start, (struct esc_moment){ 0, 0, 0 });
	CHECK(!reader_live_now(fd, &got));
	/* it was cut meanwhile */
	CHECK_EQ(truncate(path, offsetof(struct esc_header, last)), 0);
	CHECK(!reader_live_now(fd, &got));
	CHECK(!reader_live_wait(fd, ESC_FLAG_STARTED));
	close(fd);
}

/* Then there is no moment: all that there is. */
static void
test_no_clock(void)
{
	struct seen seen;
	int fd;

	make(now_ns(), ESC_FLAG_STARTED);
	put_moments((struct esc_moment){ 5, 5, 0 }, (struct esc_moment){ 0, 0, 0 });
	fd = lock(LOCK_SH);
	seen = look();
	CHECK(seen.running);
	CHECK_EQ(seen.events[2], 20);
	close(fd);
}

/* What the launcher makes has no mode and no clock until the program starts, which may be
 * at once: it is not read, but of something that grows. */
static void
test_launched(void)
{
	struct mktrace *trace = mktrace_new();
	struct esc_header *head = mktrace_header(trace);
	struct reader *reader;
	struct err err = { "" };

	head->flags = 0;
	head->mode = 0;
	head->clock = 0;
	CHECK_EQ(mktrace_write(trace, path), 0);
	CHECK(reader_may_grow(path));
	reader = reader_open(path, &err);
	CHECK(reader == NULL && strstr(err.text, "it never started") != NULL);
	reader_free(reader);
	head->magic = 0;
	CHECK_EQ(mktrace_write(trace, path), 0);
	CHECK(!reader_may_grow(path));
	mktrace_free(trace);
}

int
main(void)
{
	int file = mkstemp(path);

	CHECK(file >= 0);
	close(file);
	test_left();
	test_running();
	test_complete();
	test_before();
	until_in_time(test_closing);
	until_in_time(test_about_to_close);
	until_in_time(test_about_to_begin);
	test_clock();
	test_no_clock();
	test_launched();
	unlink(path);
	return check_done();
}
