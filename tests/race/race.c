/*
 * race FILE SECONDS SLOTS: the shim's ring, slots, stacks and threads, the keeper and the
 * reader in one process, all compiled with -fsanitize=thread (tests/preload/tsan.test).
 * SLOTS: of a flight recorder; 0: it is none. What ThreadSanitizer has to say it says.
 *
 * Eight runners have a thread each, which writes its events and ends; the next one finds
 * its place again. The keeper makes room in the same memory; one thread follows what is
 * written in memory, as `used` tells of it, another with the real reader from the file.
 */
#include "tests/race/race.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "preload/modules.h"
#include "preload/slots.h"
#include "preload/thread.h"

enum {
	RUNNERS = 8,
	LEAST = 12, /* threads of each, however little time there is */
	ROOM = 1 << 20,
	PLACES = 4096,
	REST = 20000, /* microseconds between two looks */
};

static const uint64_t MAPPED = 4ULL << 30;

struct race_life *race_lives;
uint32_t race_begun;
static struct module race_modules[2] = { [1] = { .id = 1, .end = UINT64_MAX } };
struct module *modules_table = race_modules;
uint32_t modules_epoch;
static uint32_t race_stop, race_reads, race_follows;
static uint64_t race_bytes, race_sum;
static time_t race_until;

void
race_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(NULL);
	_Exit(1);
}

void
sample_begin(struct thread *thread)
{
	(void)thread;
}

/* tsan.test has the keeper call these: its pages are ours. */
void *race_mmap(void *at, size_t size, int prot, int flags, int fd, off_t from);
void *
race_mmap(void *at, size_t size, int prot, int flags, int fd, off_t from)
{
	(void)at, (void)size, (void)prot, (void)flags, (void)fd;
	return ring.base + from;
}

int race_munmap(void *at, size_t size);
int
race_munmap(void *at, size_t size)
{
	(void)at, (void)size;
	return 0;
}

static int race_file, race_closing;

/* The keeper's: granted when all threads have ended. */
int race_flock(int fd, int how);
int
race_flock(int fd, int how)
{
	(void)how;
	if (!__atomic_load_n(&race_closing, __ATOMIC_ACQUIRE))
		return -1;
	return flock(fd, how);
}

/* --- Who writes --- */

static __attribute__((noinline)) void
race_event(uint32_t life, uint32_t n)
{
	struct race_life *self = &race_lives[life];
	struct frame frames[2] = { { .pc = 0x100, .module = 1 },
		{ .pc = race_pc(life, n), .module = 1 } };
	struct event event = { .kind = ESC_EVENT_MALLOC, .size = RACE_SIZE + n };
	struct thread *thread = thread_get();
	int level = -1;

	event.address = race_address(life, n);
	if (thread != NULL)
		level = thread_enter(thread, (uint64_t)__builtin_frame_address(0));
	if (level >= 0) {
		event.stack = stacks_id(frames, 0, 2);
		event.time = ring_ticks();
		thread_count(thread, &thread->counters->allocations, 1);
		if (event.stack != 0 && ring_write(&thread->writers[level], &event))
			self->times[n] = thread->writers[level].time << ARCH_TIME_SHIFT;
		thread_leave(thread, level);
	}
	self->lost += self->times[n] == 0;
	__atomic_store_n(&self->wrote, n + 1, __ATOMIC_RELEASE);
}

/*
 * A thread that has another's thread pointer has its memory, which libc gave it under a
 * lock, when the kernel had said that the other is gone. ThreadSanitizer sees neither.
 */
static uint32_t race_places[PLACES];

static void *
race_life(void *arg)
{
	uint32_t life = (uint32_t)(uintptr_t)arg;
	uint32_t *place = &race_places[(arch_thread_pointer() >> 12) % PLACES];

	(void)__atomic_load_n(place, __ATOMIC_ACQUIRE);
	for (uint32_t n = 0; n < RACE_EVENTS; n++)
		race_event(life, n);
	__atomic_fetch_add(place, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void *
race_runner(void *arg)
{
	pthread_t thread;
	uint32_t life;

	for (int i = 0; i < LEAST || time(NULL) < race_until; i++) {
		/* Nothing that the shim does not order itself is in an order. */
		life = __atomic_fetch_add(&race_begun, 1, __ATOMIC_RELAXED);
		if (life >= RACE_LIVES)
			break;
		if (pthread_create(&thread, NULL, race_life, (void *)(uintptr_t)life) != 0)
			race_fail("no thread");
		pthread_join(thread, NULL);
	}
	return arg;
}

/* --- Who looks --- */

/* All that the segments tell of, byte by byte: its bytes must have come before. */
static void *
race_follow(void *arg)
{
	uint64_t sum = 0, at = ESC_HEADER_SIZE, bytes = 0;

	while (!__atomic_load_n(&race_stop, __ATOMIC_ACQUIRE)) {
		uint64_t end = __atomic_load_n(&ring.header->claimed, __ATOMIC_ACQUIRE);

		for (at = ESC_HEADER_SIZE; at < end;) {
			const struct esc_segment *segment = (const void *)(ring.base + at);
			const uint8_t *payload = (const uint8_t *)(segment + 1);
			uint32_t used;

			/* Claimed, not begun yet: its size is not known. */
			if (__atomic_load_n(&segment->magic, __ATOMIC_ACQUIRE) != ESC_SEGMENT_MAGIC)
				break;
			used = __atomic_load_n(&segment->used, __ATOMIC_ACQUIRE);
			for (uint32_t i = 0; segment->kind == ESC_SEGMENT_EVENTS && i < used; i++)
				sum += payload[i];
			bytes += segment->kind == ESC_SEGMENT_EVENTS ? used : 0;
			at += segment->size;
		}
		race_follows++;
		usleep(REST);
	}
	race_bytes = bytes;
	race_sum = sum;
	return arg;
}

static void *
race_reader(void *arg)
{
	while (!__atomic_load_n(&race_stop, __ATOMIC_ACQUIRE)) {
		(void)race_read(arg, false);
		race_reads++;
		usleep(REST);
	}
	return NULL;
}

static void *
race_keeper(void *arg)
{
	int fd = open(arg, O_RDWR | O_CLOEXEC);

	if (fd < 0 || keeper_run(fd, -1, NULL) != 0)
		race_fail("the keeper failed");
	close(fd);
	return NULL;
}

/* --- What the constructor does --- */

static void
race_module(void)
{
	struct esc_def_module *module = ring_define((sizeof(*module) + ESC_SLOT) / ESC_SLOT);

	module->def.id = 1;
	module->process = 1;
	module->path_len = 2;
	module->end = 1 << 20;
	memcpy(module + 1, "/x", 2);
	ring.header->modules = 1;
	ring_defined(&module->def, ESC_DEF_MODULE);
}

static void
race_start(const char *path, uint32_t slots)
{
	uint64_t size = slots != 0 ? ESC_HEADER_SIZE + slots * 4096ULL : ROOM;
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct esc_header *header;

	race_file = fd;
	if (fd < 0 || ftruncate(fd, (off_t)size) != 0 || flock(fd, LOCK_SH) != 0)
		race_fail("no file");
	ring.base = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ring.header = header = (void *)ring.base;
	ring.size = slots != 0 ? size : MAPPED;
	*header = (struct esc_header){ .magic = ESC_MAGIC,
		.version = ESC_VERSION,
		.endian = ESC_ENDIAN,
		.header_size = ESC_HEADER_SIZE,
		.arch = ESC_ARCH_X86_64,
		.mode = ESC_MODE_FULL,
		.clock = ESC_CLOCK_TSC,
		.time_shift = ARCH_TIME_SHIFT,
		.sample_interval = 1,
		.flags = ESC_FLAG_STARTED,
		.claimed = ESC_HEADER_SIZE,
		.reserved_end = size };
	header->start = (struct esc_moment){ clock_now(CLOCK_REALTIME), clock_now(CLOCK_MONOTONIC),
		ring_ticks() };
	header->last = header->start;
	memset(&ring_self, 0, sizeof(ring_self));
	if (slots != 0)
		slots_start();
	threads.space = 256 << 20;
	race_lives = calloc(RACE_LIVES, sizeof(*race_lives));
	if (!thread_start(4, false) || !stacks_start() || race_lives == NULL)
		race_fail("no memory");
	(void)ring_process();
	race_module();
}

int
main(int argc, char **argv)
{
	uint32_t slots = argc > 3 ? (uint32_t)atoi(argv[3]) : 0;
	pthread_t runners[RUNNERS], keeper, reader, follow;
	uint64_t lost = 0, events;

	if (argc != 4)
		return 99;
	race_until = time(NULL) + atoi(argv[2]);
	race_start(argv[1], slots);
	pthread_create(&keeper, NULL, race_keeper, argv[1]);
	pthread_create(&reader, NULL, race_reader, argv[1]);
	if (slots == 0)
		pthread_create(&follow, NULL, race_follow, NULL);
	for (int i = 0; i < RUNNERS; i++)
		pthread_create(&runners[i], NULL, race_runner, NULL);
	for (int i = 0; i < RUNNERS; i++)
		pthread_join(runners[i], NULL);
	__atomic_store_n(&race_stop, 1, __ATOMIC_RELEASE);
	pthread_join(reader, NULL);
	if (slots == 0)
		pthread_join(follow, NULL);
	(void)flock(race_file, LOCK_UN);
	__atomic_store_n(&race_closing, 1, __ATOMIC_RELEASE);
	pthread_join(keeper, NULL);
	events = race_read(argv[1], true);
	race_begun = race_begun < RACE_LIVES ? race_begun : RACE_LIVES;
	for (uint32_t i = 0; i < race_begun; i++)
		lost += race_lives[i].lost;
	printf("%u threads, %llu events read, %llu without room, %u live reads, %u in memory"
	       " (%llu bytes, sum %llx)\n",
	    race_begun, (unsigned long long)events, (unsigned long long)lost, race_reads,
	    race_follows, (unsigned long long)race_bytes, (unsigned long long)race_sum);
	return events == 0 || race_reads == 0;
}
