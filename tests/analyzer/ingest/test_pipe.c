#include "analyzer/ingest/pipe.h"

#include <stdlib.h>
#include <unistd.h>

#include "analyzer/trace/definitions.h"
#include "analyzer/trace/reader.h"
#include "analyzer/trace/streams.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"
#include "tests/lib/check.h"
#include "tests/lib/mktrace.h"

enum { EVENTS = 60 * PIPE_EVENTS + 7, THREADS = 3, SLOTS = 500 };

static char path[] = "/tmp/esc-test-XXXXXX";

/* The caller frees it; EVENTS of them. */
static struct match_event *
write_trace(void)
{
	struct mktrace *trace = mktrace_new();
	uint32_t module = mktrace_module(trace, "/bin/app");
	uint32_t node = mktrace_node(trace, 0, module, 0x100, 0);
	struct match_event *events = xcalloc(EVENTS, sizeof(*events));
	static bool used[SLOTS];
	unsigned draw = 1;
	int i;

	for (i = 0; i < EVENTS; i++) {
		unsigned slot = (draw = draw * 1103515245 + 12345) >> 16 & 0x7fff;
		struct event *event = &events[i].event;

		slot %= SLOTS;
		*event = (struct event){
			.time = 1000 + (uint64_t)i * 3,
			.kind = used[slot] ? ESC_EVENT_FREE : ESC_EVENT_MALLOC,
			.stack = node,
			.address = 0x1000 + slot * 16,
			.size = used[slot] ? 0 : slot + 1,
			.interval = 1,
			.proved = UINT16_MAX,
		};
		used[slot] = !used[slot];
		events[i].stream = draw >> 8 & 3 ? draw >> 8 & 1 : 2;
		mktrace_event(trace, 1, events[i].stream + 1, 0, event);
	}
	CHECK_EQ(mktrace_write(trace, path), 0);
	mktrace_free(trace);
	return events;
}

/* Takes all batches and counts their blocks; or `most` batches. */
static void
take(const struct match_event *want, bool ahead, uint64_t most)
{
	struct err err;
	struct reader *reader = reader_open(path, &err);
	struct definitions *definitions = definitions_new(reader, NULL);
	uint32_t begun[SLOTS] = { 0 };
	struct streams streams;
	struct pipe_batch *batch;
	struct pipe *pipe;
	uint64_t count = 0, batches = 0, live = 0;
	size_t i;

	streams_init(&streams, reader, NULL);
	CHECK_EQ(streams.count, THREADS);
	pipe = pipe_new(reader, &streams, definitions, 0, ahead);
	while (batches < most && (batch = pipe_next(pipe)) != NULL) {
		batches++;
		CHECK(batch->read > 0 && batch->read <= streams.bytes);
		for (i = 0; i < batch->count; i++, count++) {
			const struct match_event *got = &batch->events[i];
			uint32_t *block = &begun[(want[count].event.address - 0x1000) / 16];

			CHECK_EQ(got->event.time, want[count].event.time);
			CHECK_EQ(got->event.kind, want[count].event.kind);
			CHECK_EQ(got->event.address, want[count].event.address);
			CHECK_EQ(got->stream, want[count].stream);
			CHECK_EQ(got->lost, 0);
			CHECK(got->block != 0);
			if (*block != 0)
				CHECK_EQ(got->block, *block);
			*block = *block != 0 ? 0 : got->block;
		}
	}
	if (most == UINT64_MAX) {
		struct match_left *left = match_left(pipe_match(pipe), &i);

		CHECK_EQ(count, EVENTS);
		CHECK_EQ(
		    pipe_match(pipe)->counts.allocations + pipe_match(pipe)->counts.frees, EVENTS);
		for (count = 0; count < SLOTS; count++)
			live += begun[count] != 0;
		CHECK_EQ(i, live);
		free(left);
	}
	pipe_free(pipe);
	streams_release(&streams);
	definitions_free(definitions);
	reader_free(reader);
}

int
main(void)
{
	struct match_event *events;

	CHECK(mkstemp(path) >= 0);
	events = write_trace();
	take(events, false, UINT64_MAX);
	take(events, true, UINT64_MAX);
	/* who stops early leaves a thread behind that waits, or does not yet */
	take(events, true, 0);
	take(events, true, 1);
	take(events, true, 20);
	take(events, false, 2);
	pipe_free(NULL);
	free(events);
	unlink(path);
	return check_done();
}
