/* Whole traces are read as they were written; damaged ones never hurt. */
#include "analyzer/trace/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/trace/definitions.h"
#include "analyzer/trace/merge.h"
#include "analyzer/trace/packed.h"
#include "analyzer/trace/streams.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"
#include "tests/lib/check.h"
#include "tests/lib/mktrace.h"

enum { THREADS = 5, EVENTS = 900 };

static char path[] = "test_reader.XXXXXX";

static uint64_t state = 88172645463325252ULL;

static uint64_t
draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Any event that the format can hold; times go on. */
static struct event
draw_event(uint64_t time)
{
	struct event event = {
		.time = time,
		.kind = (uint8_t)(1 + draw() % 12),
		.stack = (uint32_t)(draw() >> (draw() % 32 + 32)),
		.region = (uint16_t)(draw() % 3),
		.gap = draw() % 9 == 0,
		.has_cost = draw() % 3 == 0,
		.has_kept = draw() % 3 == 0,
	};

	if (event.kind != ESC_EVENT_STEP)
		event.address = draw() >> (5 + draw() % 50) & ~7ULL;
	if (decode_allocates(event.kind))
		event.size = draw() >> (draw() % 64);
	if (event.has_cost)
		event.cost = (uint16_t)draw();
	if (event.has_kept)
		event.kept = (uint16_t)draw() & 0x7fff;
	event.proved = UINT16_MAX;
	if (event.has_kept && draw() % 2 == 0)
		event.proved = (uint16_t)draw();
	return event;
}

static void
check_same(const struct event *got, const struct event *want)
{
	CHECK_EQ(got->time, want->time);
	CHECK_EQ(got->kind, want->kind);
	CHECK_EQ(got->stack, want->stack);
	CHECK_EQ(got->size, want->size);
	CHECK_EQ(got->region, want->region);
	CHECK_EQ(got->gap, want->gap);
	CHECK_EQ(got->has_cost, want->has_cost);
	CHECK_EQ(got->has_kept, want->has_kept);
	CHECK_EQ(got->cost, want->cost);
	CHECK_EQ(got->kept, want->kept);
	CHECK_EQ(got->proved, want->proved);
	if (want->kind != ESC_EVENT_STEP)
		CHECK_EQ(got->address, want->address);
	if (want->interval != 0)
		CHECK_EQ(got->interval, want->interval);
}

static void
test_identity(void)
{
	struct decode to = { 0 }, from = { 0 };
	struct event want, got;
	uint8_t bytes[ESC_EVENT_MAX];
	uint64_t time = 0;
	size_t len;
	int i;

	for (i = 0; i < 20000; i++) {
		time += draw() >> (draw() % 64) >> 8;
		want = draw_event(time);
		len = mktrace_encode(&to, &want, bytes);
		CHECK(len <= ESC_EVENT_MAX);
		CHECK_EQ(decode_event(&from, bytes, len, &got), len);
		check_same(&got, &want);
		to = from;
		CHECK_EQ(decode_event(&from, bytes, len - 1, &got), 0);
		from = to;
	}
}

static void
test_rate(void)
{
	struct decode to = { 0 }, from = { 0 };
	struct event rate = { .kind = ESC_EVENT_RATE, .time = 300, .size = 70000 };
	struct event want = { .kind = ESC_EVENT_MALLOC, .time = 300, .size = 8, .interval = 70000 };
	struct event got;
	uint8_t bytes[2 * ESC_EVENT_MAX];
	size_t len = mktrace_encode(&to, &rate, bytes);

	want.proved = UINT16_MAX;
	mktrace_encode(&to, &want, bytes + len);
	CHECK_EQ(decode_event(&from, bytes, len - 1, &got), 0);
	from = (struct decode){ 0 };
	CHECK_EQ(decode_event(&from, bytes, len, &got), len);
	CHECK_EQ(got.kind, ESC_EVENT_RATE);
	CHECK(decode_event(&from, bytes + len, ESC_EVENT_MAX, &got) != 0);
	check_same(&got, &want);
	/* it has no other field */
	bytes[1] |= ESC_CONTROL_REGION >> 8;
	CHECK_EQ(decode_event(&from, bytes, ESC_EVENT_MAX, &got), 0);
}

static struct event written[THREADS][EVENTS];

static void
write_sample(void)
{
	struct mktrace *trace = mktrace_new();
	uint32_t module = mktrace_module(trace, "/bin/app");
	uint32_t node = 0, offsets[20];
	uint64_t time = 1000, interval = 1;
	int i, thread;

	mktrace_module(trace, "/bin/app");
	for (i = 0; i < 300; i++) {
		offsets[i % 20] = (uint32_t)i * 16;
		if (i % 40 < 20)
			node = mktrace_node(trace, i % 20 == 0 ? 0 : node, module + (uint32_t)i % 2,
			    (uint64_t)i * 16, 0);
		else if (i % 20 == 19)
			mktrace_nodes(trace, 0, module, offsets, 20);
	}
	for (i = 0; i < EVENTS; i++)
		for (thread = 0; thread < THREADS; thread++) {
			time += draw() % 300;
			written[thread][i] = draw_event(time);
			if (draw() % 50 == 0)
				interval = 1 + (draw() >> (draw() % 64));
			written[thread][i].interval = interval;
			mktrace_event(trace, 1, (uint32_t)thread + 1, 0, &written[thread][i]);
		}
	CHECK_EQ(mktrace_write(trace, path), 0);
	mktrace_free(trace);
}

/* Reads all that there is; returns the number of events. */
static uint64_t
read_all(const char *file, bool compare)
{
	struct err err;
	struct reader *reader = reader_open(file, &err);
	struct definitions *definitions;
	struct streams streams;
	struct merge *merge;
	const struct event *event;
	uint64_t count = 0, last = 0;
	size_t next[THREADS] = { 0 }, stream;

	if (reader == NULL)
		return 0;
	definitions = definitions_new(reader, NULL);
	streams_init(&streams, reader, definitions);
	merge = merge_new(reader, &streams);
	while ((event = merge_next(merge, &stream)) != NULL) {
		CHECK(event->time >= last);
		last = event->time;
		count++;
		CHECK(definitions_node(definitions, event->stack) <= definitions->node_count);
		if (compare)
			check_same(event, &written[stream][next[stream]++]);
	}
	if (compare) {
		CHECK(!reader->partial);
		CHECK_EQ(definitions->module_count, 1);
		CHECK_EQ(definitions->node_count, 300);
		CHECK_EQ(definitions->nodes[20].depth, 20);
		CHECK_EQ(definitions->nodes[40].depth, 20);
		CHECK_EQ(definitions->nodes[40].parent, 39);
		CHECK_EQ(definitions->pcs[definitions->nodes[40].pc].offset, 39 * 16);
		CHECK_EQ(streams.count, THREADS);
	}
	merge_free(merge);
	streams_release(&streams);
	definitions_free(definitions);
	reader_free(reader);
	return count;
}

static uint8_t *whole;
static size_t whole_len;

static void
load_whole(void)
{
	FILE *in = fopen(path, "rb");

	whole = xmalloc(1 << 22);
	whole_len = in != NULL ? fread(whole, 1, 1 << 22, in) : 0;
	if (in != NULL)
		fclose(in);
	CHECK(whole_len > ESC_PAGE);
}

static uint64_t
read_bytes(size_t len)
{
	FILE *out = fopen(path, "wb");

	if (out == NULL)
		return 0;
	CHECK_EQ(fwrite(whole, 1, len, out), len);
	fclose(out);
	return read_all(path, false);
}

static void
test_truncated(void)
{
	uint64_t got, before = 0;
	size_t len;

	for (len = 0; len < whole_len; len += ESC_PAGE) {
		got = read_bytes(len);
		CHECK(got >= before);
		before = got;
	}
	/* behind the last event there may be room */
	CHECK(before > 0 && before <= THREADS * EVENTS);
}

static void
test_flipped(int rounds)
{
	size_t at;
	uint8_t bit;
	int i;

	for (i = 0; i < rounds; i++) {
		/* headers are a small part: give them half of the flips */
		at = draw() % whole_len;
		if (i % 4 == 1)
			at = at / ESC_PAGE * ESC_PAGE + draw() % 64;
		if (i % 4 == 3)
			at = draw() % 512;
		bit = (uint8_t)(1U << draw() % 8);
		whole[at] ^= bit;
		CHECK(read_bytes(whole_len) <= whole_len);
		whole[at] ^= bit;
	}
}

/* A damaged segment costs its own events and is named by its offset. */
static void
test_lost_segment(void)
{
	struct err err;
	struct reader *reader;
	size_t at = ESC_HEADER_SIZE + 4 * ESC_PAGE;
	uint8_t saved = whole[at];

	whole[at] ^= 1;
	CHECK(read_bytes(whole_len) > EVENTS);
	reader = reader_open(path, &err);
	CHECK(reader != NULL);
	if (reader != NULL) {
		CHECK(reader->partial);
		CHECK(reader->note_count > 0);
		CHECK_STR(reader->notes[0], "byte 32768: no valid segment header");
	}
	reader_free(reader);
	whole[at] = saved;
}

/* Packs the file in place; false where this build cannot. */
static bool
pack_whole(size_t frame)
{
	struct pack_options options = { .level = 1, .frame = frame };
	char packed[] = "test_packed.XXXXXX";
	int from = open(path, O_RDONLY), to = mkstemp(packed);
	struct err err;
	int rc;

	CHECK(from >= 0 && to >= 0);
	rc = pack_write(from, whole_len, to, &options, &err);
	CHECK(rc == 0 || strstr(err.text, "without zstd") != NULL);
	CHECK_EQ(rename(packed, path), 0);
	close(from);
	close(to);
	return rc == 0;
}

/* The same events out of a packed trace; of a damaged one, those that are left. */
static void
test_packed(int rounds)
{
	uint64_t got, before = 0, all = THREADS * EVENTS;
	size_t at, len;
	uint8_t bit;
	int i, most = 0;

	CHECK_EQ(read_bytes(whole_len), all);
	if (!pack_whole(4096))
		return;
	CHECK_EQ(read_all(path, true), all);
	free(whole);
	load_whole();
	for (i = 0; i < rounds; i++) {
		at = draw() % whole_len;
		bit = (uint8_t)(1U << draw() % 8);
		whole[at] ^= bit;
		got = read_bytes(whole_len);
		CHECK(got <= all);
		most += got > all / 2;
		whole[at] ^= bit;
	}
	/* but for what hits the header, most is still there */
	CHECK(most > rounds / 2);
	for (len = 0; len < whole_len; len += 1 + draw() % 5000) {
		got = read_bytes(len);
		CHECK(got >= before && got <= all);
		before = got;
	}
	CHECK(before > 0);
}

/* Written to since it was opened: whatever was read of it, it is not believed. */
static void
test_changed(void)
{
	struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
	struct err err = { "" };
	struct reader *reader;

	CHECK(read_bytes(whole_len) > EVENTS);
	reader = reader_open(path, &err);
	CHECK(reader != NULL);
	CHECK_EQ(reader_same(reader, &err), 0);
	CHECK(utimensat(AT_FDCWD, path, times, 0) == 0);
	CHECK_EQ(reader_same(reader, &err), -1);
	CHECK(strstr(err.text, "changed while it was read") != NULL);
	reader_free(reader);
	reader = reader_open(path, &err);
	CHECK_EQ(reader_same(reader, &err), 0);
	CHECK(truncate(path, (off_t)reader->size - 1) == 0);
	CHECK(utimensat(AT_FDCWD, path, times, 0) == 0);
	CHECK_EQ(reader_same(reader, &err), -1);
	reader_free(reader);
}

static void
test_refused(void)
{
	struct err err;

	CHECK(reader_open("/nowhere/at/all", &err) == NULL);
	CHECK(strstr(err.text, "/nowhere/at/all") != NULL);
	CHECK(reader_open(".", &err) == NULL);
	CHECK(strstr(err.text, "not a regular file") != NULL);
	reader_free(NULL);
	whole[0] ^= 1;
	CHECK_EQ(read_bytes(whole_len), 0);
	CHECK(reader_open(path, &err) == NULL);
	CHECK(strstr(err.text, "not a trace") != NULL);
	whole[0] ^= 1;
}

/* What no shim writes: stacks are cut where they are too deep to be followed. */
static void
test_deep(void)
{
	enum { DEPTH = 16384, MORE = 300 };
	struct mktrace *trace = mktrace_new();
	uint32_t module = mktrace_module(trace, "/bin/app"), node = 0, at;
	uint32_t offsets[ESC_NODES_MAX];
	struct definitions *definitions;
	struct reader *reader;
	struct err err;
	bool is_told = false;

	for (at = 0; at < DEPTH + MORE; at += ESC_NODES_MAX) {
		for (uint32_t i = 0; i < ESC_NODES_MAX; i++)
			offsets[i] = (at + i) * 16;
		node =
		    mktrace_nodes(trace, node, module, offsets, ESC_NODES_MAX) + ESC_NODES_MAX - 1;
	}
	CHECK_EQ(mktrace_write(trace, path), 0);
	mktrace_free(trace);
	reader = reader_open(path, &err);
	CHECK(reader != NULL);
	if (reader == NULL)
		return;
	definitions = definitions_new(reader, NULL);
	node = definitions_node(definitions, node);
	CHECK(node != 0);
	CHECK_EQ(definitions->nodes[node].depth, at - DEPTH);
	while (definitions->nodes[node].parent != 0)
		node = definitions->nodes[node].parent;
	CHECK_EQ(definitions->nodes[node].state, ESC_NODE_CUT);
	for (size_t i = 0; i < reader->note_count; i++)
		is_told |= strstr(reader->notes[i], "deeper than 16384") != NULL;
	CHECK(is_told);
	definitions_free(definitions);
	definitions_free(NULL);
	reader_free(reader);
}

static void
test_lost_why(void)
{
	struct esc_header head = { .flags = 0 };

	CHECK(strstr(reader_lost_why(&head), "fast enough") != NULL);
	head.flags = ESC_FLAG_FULL_DISK; /* by a keeper that does not say more */
	CHECK(strstr(reader_lost_why(&head), "disk was full") != NULL);
	head.refused = EDQUOT;
	CHECK(strstr(reader_lost_why(&head), "quota") != NULL);
	head.refused = 4000000000U;
	CHECK(strstr(reader_lost_why(&head), "disk was full") != NULL);
	head.ring_size = 1;
	CHECK(strstr(reader_lost_why(&head), "too many threads") != NULL);
}

int
main(void)
{
	const char *rounds = getenv("ESC_TEST_ROUNDS");
	int file = mkstemp(path);

	CHECK(file >= 0);
	close(file);
	test_identity();
	test_rate();
	write_sample();
	CHECK_EQ(read_all(path, true), THREADS * EVENTS);
	load_whole();
	test_truncated();
	test_flipped(rounds != NULL ? atoi(rounds) : 1000);
	test_lost_segment();
	test_changed();
	test_refused();
	test_lost_why();
	test_deep();
	test_packed(rounds != NULL ? atoi(rounds) : 300);
	unlink(path);
	free(whole);
	return check_done();
}
