/*
 * Several threads that allocate, free and reuse addresses, as the input says, each
 * written into a stream of its own: what the merge gives is what a plain sort gives, no
 * free comes before its allocation, and each ends the block that it is for.
 *
 * A pointer takes longer from one thread to another than one unit of time.
 */
#include <string.h>

#include "analyzer/model/match.h"
#include "analyzer/trace/definitions.h"
#include "analyzer/trace/merge.h"
#include "analyzer/trace/reader.h"
#include "analyzer/util/err.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/mktrace.h"

enum {
	MERGE_STREAMS = 8,
	MERGE_EVENTS = 400,
	MERGE_LIVE = 16,
	MERGE_SIZE = 20480, /* of a segment: all events may be in one */
	MERGE_FILE = ESC_HEADER_SIZE + MERGE_STREAMS * MERGE_SIZE,
};

struct merge_expected {
	uint64_t time;
	uint32_t stream; /* thread - 1 */
	uint32_t at;     /* in order of making */
	uint64_t address;
	uint8_t kind;
	uint32_t block; /* number in this run */
};

struct merge_block {
	uint64_t address;
	uint64_t time; /* of its last event */
	uint32_t stream;
	uint32_t number; /* 0: it is free */
};

static struct fuzz_file file;
static struct merge_expected expected[MERGE_EVENTS];
static size_t count;

static struct esc_segment *
merge_segment(uint32_t stream)
{
	return (struct esc_segment *)(void *)(file.bytes + ESC_HEADER_SIZE + stream * MERGE_SIZE);
}

static void
merge_start(unsigned shift)
{
	struct esc_header *head;
	uint32_t i;

	fuzz_file_open(&file, MERGE_FILE);
	memset(file.bytes, 0, MERGE_FILE);
	head = (struct esc_header *)(void *)file.bytes;
	*head = (struct esc_header){ .magic = ESC_MAGIC,
		.version = ESC_VERSION_UNSUMMED,
		.endian = ESC_ENDIAN,
		.header_size = ESC_HEADER_SIZE,
		.mode = ESC_MODE_FULL,
		.clock = ESC_CLOCK_TSC,
		.flags = ESC_FLAG_COMPLETE | ESC_FLAG_STARTED,
		.claimed = MERGE_FILE,
		.time_shift = shift };
	for (i = 0; i < MERGE_STREAMS; i++)
		*merge_segment(i) = (struct esc_segment){ .magic = ESC_SEGMENT_MAGIC,
			.kind = ESC_SEGMENT_EVENTS,
			.size = MERGE_SIZE,
			.process = 1,
			.thread = i + 1 };
	count = 0;
}

static void
merge_put(struct decode *state, struct merge_block *block, uint8_t kind, uint64_t time)
{
	struct event event = { .kind = kind,
		.time = time,
		.address = block->address,
		.size = kind == ESC_EVENT_MALLOC ? 24 : 0,
		.proved = UINT16_MAX };
	struct esc_segment *segment = merge_segment(block->stream);

	segment->used += (uint32_t)mktrace_encode(
	    &state[block->stream], &event, (uint8_t *)(segment + 1) + segment->used);
	expected[count] = (struct merge_expected){ time, block->stream, (uint32_t)count,
		block->address, kind, block->number };
	count++;
}

/* Lets the threads run; the clock never goes back, and goes on between threads. */
static void
merge_make(struct fuzz_input *input, unsigned shift)
{
	struct decode state[MERGE_STREAMS] = { 0 };
	struct merge_block live[MERGE_LIVE] = { 0 }, *block;
	uint64_t unit = 1ULL << shift, time = unit;
	uint32_t stream, number = 0;
	unsigned step;

	for (stream = 0; stream < MERGE_STREAMS; stream++)
		state[stream] = (struct decode){ .interval = 1, .shift = (uint8_t)shift };
	while (input->left > 0 && count < MERGE_EVENTS) {
		stream = fuzz_byte(input) % MERGE_STREAMS;
		step = fuzz_byte(input);
		block = &live[step % MERGE_LIVE];
		time += (step / MERGE_LIVE) * unit;
		if (block->stream != stream && block->time == time)
			time += unit;
		block->stream = stream;
		block->time = time;
		block->address = 0x1000 + (uint64_t)(block - live) * 64;
		if (block->number == 0) {
			block->number = ++number;
			merge_put(state, block, ESC_EVENT_MALLOC, time);
		} else {
			merge_put(state, block, ESC_EVENT_FREE, time);
			block->number = 0;
		}
	}
}

static int
merge_compare(const void *left, const void *right)
{
	const struct merge_expected *a = left, *b = right;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->stream != b->stream)
		return a->stream < b->stream ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* By number of the run: the number that match gave, 0 before and after. */
static void
merge_follow(struct merge *merge, const struct streams *streams, struct match *match)
{
	static uint32_t blocks[MERGE_EVENTS + 1];
	struct match_event event = { 0 };
	const struct merge_expected *want;
	size_t stream, i;

	memset(blocks, 0, sizeof(blocks));
	qsort(expected, count, sizeof(*expected), merge_compare);
	for (i = 0; merge_take(merge, &event.event, &stream); i++) {
		FUZZ_CHECK(i < count);
		want = &expected[i];
		FUZZ_CHECK(streams->list[stream].thread == want->stream + 1);
		FUZZ_CHECK(event.event.time == want->time && event.event.kind == want->kind);
		FUZZ_CHECK(event.event.address == want->address);
		event.stream = (uint32_t)stream;
		match_event(match, &event);
		FUZZ_CHECK(event.block != 0 && event.lost == 0);
		if (want->kind == ESC_EVENT_FREE)
			FUZZ_CHECK(blocks[want->block] == event.block);
		else
			FUZZ_CHECK(blocks[want->block] == 0);
		blocks[want->block] = event.block;
	}
	FUZZ_CHECK(i == count);
	FUZZ_CHECK(match->counts.unmatched == 0 && match->counts.skewed == 0);
	FUZZ_CHECK(match->counts.allocations + match->counts.frees == count);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	unsigned shift = fuzz_byte(&input) % 9;
	struct err err = { "" };
	struct definitions *definitions;
	struct reader *reader;
	struct streams streams;
	struct merge *merge;
	struct match match;

	merge_start(shift);
	merge_make(&input, shift);
	fuzz_file_cut(&file, MERGE_FILE);
	reader = reader_open(file.path, &err);
	FUZZ_CHECK(reader != NULL && !reader->partial);
	definitions = definitions_new(reader, NULL);
	streams_init(&streams, reader, definitions);
	merge = merge_new(reader, &streams);
	match_init(&match, definitions, &streams);
	merge_follow(merge, &streams, &match);
	match_release(&match);
	merge_free(merge);
	streams_release(&streams);
	definitions_free(definitions);
	reader_free(reader);
	return 0;
}
