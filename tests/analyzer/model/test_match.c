/*
 * Blocks of pools: which are live, and which a reset ends, against a list that is looked
 * through; beside them blocks of malloc, and those of a process that was forked. In
 * batches, as analyses have them, the same: a reset may end more than fit into one.
 */
#include "analyzer/model/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/ingest/pipe.h"
#include "analyzer/trace/definitions.h"
#include "analyzer/trace/reader.h"
#include "analyzer/util/err.h"
#include "tests/lib/check.h"
#include "tests/lib/draw.h"
#include "tests/lib/mktrace.h"

enum { POOLS = 4, PLACES = 40, MOST = 2000, STEPS = 20000, PROCESSES = 2 };

/* A block that the list has. */
struct known {
	uint64_t address;
	uint32_t pool; /* 0: malloc's */
	uint32_t process;
	uint32_t block;
};

static struct known list[MOST];
static size_t count;

static size_t
find(uint32_t process, uint64_t address)
{
	size_t i = count;

	while (i > 0 && (list[i - 1].process != process || list[i - 1].address != address))
		i--;
	return i;
}

static void
forget(size_t at)
{
	memmove(&list[at], &list[at + 1], (--count - at) * sizeof(*list));
}

static void
forget_block(uint32_t block)
{
	size_t at = 0;

	while (at < count && list[at].block != block)
		at++;
	CHECK(at < count);
	if (at < count)
		forget(at);
}

/* Times are far apart: a block at the address of one that is live ends that one with its
 * own end, or with the next one there. */
static void
allocate(struct match *match, struct match_event *event, uint32_t process)
{
	size_t here = 0, i;

	match_event(match, event);
	CHECK(event->block != 0);
	for (i = count; i > 0; i--) {
		CHECK(list[i - 1].block != event->block || event->lost == event->block);
		if (list[i - 1].process == process && list[i - 1].address == event->event.address &&
		    ++here == 2) {
			CHECK(event->lost == list[i - 1].block);
			forget(i - 1);
		}
	}
	CHECK(here == 2 || event->lost == 0);
	list[count++] =
	    (struct known){ event->event.address, event->event.pool, process, event->block };
}

static void
release(struct match *match, struct match_event *event, uint32_t process)
{
	size_t at;

	match_event(match, event);
	at = find(process, event->event.address);
	if (at == 0) {
		CHECK(event->block == 0);
		return;
	}
	CHECK(event->block == list[at - 1].block);
	forget(at - 1);
	at = find(process, event->event.address);
	CHECK(event->lost == (at > 0 ? list[at - 1].block : 0));
	if (at > 0)
		forget(at - 1);
}

/* All of them, the youngest first; with one whatever waited there for its end. */
static void
reset(struct match *match, struct match_event *event, uint32_t process)
{
	bool more = true;
	size_t i;

	while (more) {
		for (i = count; i > 0; i--)
			if (list[i - 1].process == process && list[i - 1].pool == event->event.pool)
				break;
		more = match_reset(match, event);
		CHECK(event->block == (i > 0 ? list[i - 1].block : 0));
		if (i == 0)
			break;
		if (event->lost != 0) {
			size_t other = 0;

			while (other < count && list[other].block != event->lost)
				other++;
			CHECK(other < i - 1 && list[other].address == list[i - 1].address);
			forget(i - 1);
			forget(other);
		} else {
			forget(i - 1);
		}
	}
	for (i = 0; i < count; i++)
		CHECK(list[i].process != process || list[i].pool != event->event.pool);
}

static void
test_random(void)
{
	struct stream streams[PROCESSES] = { { .process = 1 }, { .process = 2 } };
	struct streams all = { .list = streams, .count = PROCESSES };
	struct definitions definitions = { .process_count = 0 };
	struct match match;
	struct match_left *left;
	size_t left_count, i;
	uint64_t time = 1;

	match_init(&match, &definitions, &all);
	for (i = 0; i < STEPS; i++) {
		struct match_event event = { .stream = draw(PROCESSES) };
		uint32_t process = streams[event.stream].process;
		uint32_t pool = draw(POOLS + 1);
		uint64_t block = 0x7000 + 16 * (uint64_t)draw(PLACES);

		event.event.time = time += 100000000;
		event.event.pool = pool;
		event.event.address = pool != 0 ? ESC_POOL_ADDRESS(pool, block) : block;
		if (pool != 0 && draw(50) == 0) {
			event.event.kind = ESC_EVENT_POOL_FREE;
			event.event.size = 1;
			reset(&match, &event, process);
		} else if (draw(2) == 0) {
			event.event.kind = pool != 0 ? ESC_EVENT_POOL_FREE : ESC_EVENT_FREE;
			release(&match, &event, process);
		} else {
			event.event.kind = pool != 0 ? ESC_EVENT_POOL_ALLOCATE : ESC_EVENT_MALLOC;
			allocate(&match, &event, process);
		}
	}
	left = match_left(&match, &left_count);
	for (i = 0; i < left_count; i++) {
		forget_block(left[i].block);
		if (left[i].lost != 0)
			forget_block(left[i].lost);
	}
	CHECK(count == 0);
	CHECK(match.counts.pool_allocations > STEPS / 4 && match.counts.pool_unmatched > 0);
	free(left);
	match_release(&match);
}

/* What a pipe makes of one reset. */
static void
test_batches(unsigned blocks, bool ahead)
{
	struct mktrace *trace = mktrace_new();
	struct err err;
	struct reader *reader;
	struct streams streams;
	struct definitions *definitions;
	struct pipe *pipe;
	struct pipe_batch *batch;
	char path[] = "match.XXXXXX";
	int fd = mkstemp(path);
	uint32_t pool = mktrace_pool(trace, 1, "all"), other = mktrace_pool(trace, 1, "other");
	unsigned begun = 0, ended = 0, again = 0;

	CHECK(fd >= 0);
	close(fd);
	for (unsigned i = 0; i <= blocks + 2; i++) {
		struct event event = { .kind = ESC_EVENT_POOL_ALLOCATE,
			.time = 1000 + i,
			.pool = i == 0 ? other : pool,
			.size = 1,
			.proved = UINT16_MAX };

		event.address = ESC_POOL_ADDRESS(event.pool, 0x5000 + i);
		/* twice: the second one ends none */
		if (i > blocks)
			event.kind = ESC_EVENT_POOL_FREE;
		mktrace_event(trace, 1, 1, 0, &event);
	}
	CHECK(mktrace_write(trace, path) == 0);
	mktrace_free(trace);
	reader = reader_open(path, &err);
	CHECK(reader != NULL);
	if (reader == NULL)
		return;
	definitions = definitions_new(reader, NULL);
	streams_init(&streams, reader, definitions);
	pipe = pipe_new(reader, &streams, definitions, 0, ahead);
	while ((batch = pipe_next(pipe)) != NULL)
		for (size_t i = 0; i < batch->count; i++) {
			const struct match_event *event = &batch->events[i];

			begun += decode_allocates(event->event.kind);
			ended += decode_resets(&event->event) && event->block != 0;
			again += event->again;
		}
	CHECK(begun == blocks + 1);
	CHECK(ended == blocks);
	CHECK(again == (blocks > 0 ? blocks - 1 : 0));
	pipe_free(pipe);
	streams_release(&streams);
	CHECK(
	    strcmp(definitions->pool_names.list[definitions_pool(definitions, pool)], "all") == 0);
	CHECK(definitions_pool(definitions, 77) == 0);
	definitions_free(definitions);
	reader_free(reader);
	unlink(path);
}

int
main(void)
{
	test_random();
	for (unsigned i = 0; i < 2; i++) {
		test_batches(0, i == 1);
		test_batches(1, i == 1);
		test_batches(PIPE_EVENTS - 2, i == 1);
		test_batches(5 * PIPE_EVENTS + 3, i == 1);
	}
	return check_done();
}
