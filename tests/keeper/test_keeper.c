/* Plays the shim: maps, claims, writes, is killed; the child of a fork goes on. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "keeper/watch.h"
#include "preload/record.h"
#include "tests/lib/check.h"

enum { MAPPED = 1 << 28, SEGMENT = 1 << 20 };

static char path[64];
static int trace_fd; /* the parent's */

static void
pause_ms(long ms)
{
	struct timespec time = { .tv_nsec = ms % 1000 * 1000000, .tv_sec = ms / 1000 };

	(void)nanosleep(&time, NULL);
}

static void
make_trace(void)
{
	struct esc_header header = {
		.magic = ESC_MAGIC,
		.version = ESC_VERSION,
		.endian = ESC_ENDIAN,
		.header_size = ESC_HEADER_SIZE,
		.clock = ESC_CLOCK_MONOTONIC,
		.reserved_end = ESC_HEADER_SIZE + KEEPER_RESERVE,
		.claimed = ESC_HEADER_SIZE,
	};

	strcpy(path, "test_keeper.XXXXXX");
	trace_fd = mkstemp(path);
	CHECK(trace_fd >= 0);
	CHECK(keeper_extend(trace_fd, 0, header.reserved_end) == 0);
	CHECK(pwrite(trace_fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header));
}

/* The keeper, in a process of its own; *gone is our end of its pipe. */
static pid_t
start_keeper(int *gone)
{
	int ends[2];
	pid_t pid;
	int fd;

	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		(void)close(ends[1]);
		keeper_detach(fd, ends[0]);
		_exit(keeper_run(fd, ends[0], NULL) == 0 ? 0 : 1);
	}
	(void)close(ends[0]);
	*gone = ends[1];
	return pid;
}

static struct esc_header *
map_trace(void)
{
	int fd = open(path, O_RDWR);
	void *pages;

	if (flock(fd, LOCK_SH) != 0)
		_exit(1);
	pages = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	(void)close(fd);
	if (pages == MAP_FAILED)
		_exit(1);
	return pages;
}

/* Claims a segment, waits for room as the shim does; NULL: no keeper. */
static struct esc_segment *
claim(struct esc_header *header, uint32_t size)
{
	uint64_t at = header->claimed;
	int tries;

	for (tries = 0; at + size > __atomic_load_n(&header->reserved_end, __ATOMIC_ACQUIRE);
	     tries++) {
		if (tries == 1000)
			return NULL;
		pause_ms(1);
	}
	__atomic_store_n(&header->claimed, at + size, __ATOMIC_RELEASE);
	return (struct esc_segment *)(void *)((char *)header + at);
}

static void
fill(struct esc_segment *segment, uint32_t size, uint32_t used)
{
	segment->kind = ESC_SEGMENT_EVENTS;
	segment->size = size;
	segment->process = 1;
	segment->thread = 1;
	segment->used = used;
	segment->magic = ESC_SEGMENT_MAGIC;
	memset(segment + 1, 0x55, used);
}

static void
start(struct esc_header *header)
{
	__atomic_fetch_or(&header->flags, ESC_FLAG_STARTED, __ATOMIC_RELEASE);
}

/* Writes 40 MiB, more than the first reserve, then is killed. */
static void
play_killed(void)
{
	struct esc_header *header = map_trace();
	struct esc_segment *segment;
	int i;

	start(header);
	for (i = 0; i < 40; i++) {
		segment = claim(header, SEGMENT);
		if (segment == NULL)
			_exit(1);
		fill(segment, SEGMENT, i % 2 == 0 ? SEGMENT - 200 : 5000);
	}
	(void)claim(header, SEGMENT); /* never begun */
	fill(claim(header, SEGMENT), SEGMENT, 100);
	(void)raise(SIGKILL);
}

static void
check_closed(uint64_t size, uint32_t used)
{
	struct esc_segment segment;
	struct esc_header header;
	struct stat status;
	uint64_t at;

	CHECK(fstat(trace_fd, &status) == 0);
	CHECK((uint64_t)status.st_size == size);
	CHECK(pread(trace_fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header));
	CHECK((header.flags & ESC_FLAG_COMPLETE) != 0);
	CHECK(header.claimed == size && header.reserved_end == size);
	CHECK(header.heartbeat > 0);
	for (at = ESC_HEADER_SIZE; at < size; at += segment.size) {
		CHECK(pread(trace_fd, &segment, sizeof(segment), (off_t)at) ==
		    (ssize_t)sizeof(segment));
		CHECK(segment.magic == ESC_SEGMENT_MAGIC);
		if (segment.magic != ESC_SEGMENT_MAGIC)
			break;
	}
	CHECK(segment.used == used);
}

static void
test_killed(void)
{
	struct stat status;
	pid_t keeper, program;
	int gone, code;

	make_trace();
	keeper = start_keeper(&gone);
	program = fork();
	if (program == 0) {
		play_killed();
		_exit(1);
	}
	CHECK(waitpid(program, &code, 0) == program);
	CHECK(WIFSIGNALED(code) && WTERMSIG(code) == SIGKILL);
	(void)close(gone);
	CHECK(waitpid(keeper, &code, 0) == keeper && code == 0);
	check_closed(ESC_HEADER_SIZE + 41 * SEGMENT + ESC_PAGE, 100);
	CHECK(fstat(trace_fd, &status) == 0);
	/* the half of it that was never used is not on the disk */
	CHECK(status.st_blocks * 512 < 24 << 20);
	(void)unlink(path);
	(void)close(trace_fd);
}

/* The program ends at once, its child a while later. */
static void
play_forked(void)
{
	struct esc_header *header = map_trace();

	start(header);
	fill(claim(header, SEGMENT), SEGMENT, 10);
	if (fork() != 0)
		_exit(0);
	pause_ms(300);
	fill(claim(header, SEGMENT), SEGMENT, 20);
	_exit(0);
}

static void
test_forked(void)
{
	pid_t keeper, program;
	int gone, code;

	make_trace();
	keeper = start_keeper(&gone);
	program = fork();
	if (program == 0)
		play_forked();
	CHECK(waitpid(program, &code, 0) == program);
	(void)close(gone);
	pause_ms(100);
	CHECK(waitpid(keeper, &code, WNOHANG) == 0);
	CHECK(kill(keeper, SIGTERM) == 0 && kill(keeper, SIGINT) == 0);
	CHECK(waitpid(keeper, &code, 0) == keeper && code == 0);
	check_closed(ESC_HEADER_SIZE + SEGMENT + ESC_PAGE, 20);
	(void)unlink(path);
	(void)close(trace_fd);
}

/* Cuts the file off there, and waits until all of it is back; what it is then used for
 * ends nobody. */
static bool
play_shortened(struct esc_header *header, uint64_t from)
{
	struct stat status = { 0 };
	int i;

	if (ftruncate(trace_fd, (off_t)from) != 0)
		return false;
	for (i = 0; i < 3000 && status.st_size < ESC_HEADER_SIZE + KEEPER_RESERVE; i++) {
		pause_ms(10);
		if (fstat(trace_fd, &status) != 0)
			return false;
	}
	if (status.st_size < ESC_HEADER_SIZE + KEEPER_RESERVE)
		return false;
	for (from = 0; from < ESC_HEADER_SIZE + KEEPER_RESERVE; from += ESC_PAGE)
		__atomic_fetch_or((uint8_t *)header + from, 0, __ATOMIC_RELAXED);
	return true;
}

/* Somebody who has it open makes it shorter, in its segments, in its header, wholly. */
static void
test_shortened(void)
{
	pid_t keeper, program;
	int gone, code;

	make_trace();
	keeper = start_keeper(&gone);
	program = fork();
	if (program == 0) {
		struct esc_header *header = map_trace();

		/* not before it knows how large it is */
		while (__atomic_load_n(&header->heartbeat, __ATOMIC_ACQUIRE) == 0)
			pause_ms(1);
		_exit(play_shortened(header, ESC_HEADER_SIZE + KEEPER_RESERVE / 2 + 100) &&
			    play_shortened(header, ESC_PAGE) && play_shortened(header, 0)
			? 0
			: 1);
	}
	CHECK(waitpid(program, &code, 0) == program && code == 0);
	CHECK(waitpid(keeper, &code, WNOHANG) == 0);
	(void)close(gone);
	CHECK(waitpid(keeper, &code, 0) == keeper && WIFEXITED(code));
	(void)unlink(path);
	(void)close(trace_fd);
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Of a full flight recorder a tick is 100 ms. Three times in a row it does not take 70 of
 * that until the file is back, however often a busy machine lets others come first. */
static bool
play_at_once(struct esc_header *header)
{
	uint64_t end = now_ms() + 120000, began = 0;
	struct stat status = { 0 };
	int quick;

	header->ring_size = header->claimed;
	pause_ms(150);
	for (quick = 0; quick < 3 && began < end; quick = now_ms() - began < 70 ? quick + 1 : 0) {
		began = now_ms();
		if (ftruncate(trace_fd, ESC_HEADER_SIZE + SEGMENT) != 0)
			return false;
		do {
			(void)sched_yield();
			if (fstat(trace_fd, &status) != 0)
				return false;
		} while (status.st_size < ESC_HEADER_SIZE + KEEPER_RESERVE && now_ms() < end);
	}
	return quick == 3;
}

/* What it is made shorter by comes back at once, and not with the next tick. */
static void
test_at_once(void)
{
	pid_t keeper, program;
	int gone, code, watch;

	make_trace();
	watch = watch_open(trace_fd);
	if (watch < 0)
		puts("at once (not tried: no inotify)");
	else
		CHECK(close(watch) == 0);
	keeper = start_keeper(&gone);
	program = fork();
	if (program == 0) {
		struct esc_header *header = map_trace();

		while (__atomic_load_n(&header->heartbeat, __ATOMIC_ACQUIRE) == 0)
			pause_ms(1);
		_exit(watch < 0 || play_at_once(header) ? 0 : 1);
	}
	CHECK(waitpid(program, &code, 0) == program && code == 0);
	(void)close(gone);
	CHECK(waitpid(keeper, &code, 0) == keeper && WIFEXITED(code));
	(void)unlink(path);
	(void)close(trace_fd);
}

/* A program that never maps the trace. */
static void
test_never(void)
{
	pid_t keeper;
	int gone, code;

	make_trace();
	keeper = start_keeper(&gone);
	pause_ms(50);
	CHECK(waitpid(keeper, &code, WNOHANG) == 0);
	(void)close(gone);
	CHECK(waitpid(keeper, &code, 0) == keeper && code == 0);
	(void)unlink(path);
	(void)close(trace_fd);
}

static void
test_no_trace(void)
{
	int fd = open("/dev/null", O_RDWR);

	CHECK(keeper_run(fd, -1, NULL) == -1 && errno == EINVAL);
	(void)close(fd);
}

int
main(void)
{
	test_killed();
	test_forked();
	test_shortened();
	test_at_once();
	test_never();
	test_no_trace();
	return check_done();
}
