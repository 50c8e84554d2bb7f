/*
 * A trace file (trace.h tells it in short), closed, left or still written: opened, its
 * definitions and streams, all events. Segments lie in the file one behind the other,
 * numbers of definitions lead to what there is, and what the cursor gives is what slow.h
 * reads in the same bytes; which comes out again when it is written. Memory is held
 * against the size of the file.
 */
#include <string.h>
#include <unistd.h>

#include "analyzer/trace/definitions.h"
#include "analyzer/trace/packed.h"
#include "analyzer/trace/reader.h"
#include "analyzer/trace/streams.h"
#include "analyzer/util/crc32c.h"
#include "analyzer/util/err.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/slow.h"
#include "tests/fuzz/trace.h"

enum {
	READER_SMALL = 2,       /* flag: with the smallest of buffers */
	READER_HELD = 4,        /* flag: a program has it mapped */
	READER_PACKED = 1 << 13 /* the largest packed file: 8192 times that may be in it */
};

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t
reader_memory(void)
{
	return __sanitizer_get_current_allocated_bytes != NULL
	    ? __sanitizer_get_current_allocated_bytes()
	    : 0;
}

static void
reader_segments(const struct reader *reader)
{
	uint64_t end = reader->head.header_size;
	const struct reader_segment *segment;
	size_t i;

	FUZZ_CHECK(reader->note_count <= READER_NOTES);
	FUZZ_CHECK(!reader->partial || reader->note_count > 0);
	FUZZ_CHECK(memchr(reader->head.exe, '\0', sizeof(reader->head.exe)) != NULL);
	FUZZ_CHECK(memchr(reader->head.allocator, '\0', sizeof(reader->head.allocator)) != NULL);
	FUZZ_CHECK(memchr(reader->head.runtime, '\0', sizeof(reader->head.runtime)) != NULL);
	FUZZ_CHECK(reader->head.command_len <= sizeof(reader->head.command));
	FUZZ_CHECK(reader->head.time_shift <= 32 && reader->head.sample_interval != 0);
	for (i = 0; i < reader->segment_count; i++) {
		segment = &reader->segments[i];
		FUZZ_CHECK(segment->offset >= end);
		FUZZ_CHECK(segment->offset <= reader->size - sizeof(segment->head));
		FUZZ_CHECK(segment->head.used <= segment->head.size - sizeof(segment->head));
		FUZZ_CHECK(
		    segment->head.used <= reader->size - segment->offset - sizeof(segment->head));
		end = segment->offset + segment->head.size;
	}
}

static void
reader_phases(const struct definitions *all)
{
	for (size_t i = 0; i < all->phase_count; i++) {
		const struct definitions_phase *phase = &all->phases[i];

		FUZZ_CHECK(phase->name <= all->phase_names.count);
		FUZZ_CHECK(i == 0 || phase[-1].process < phase->process ||
		    (phase[-1].process == phase->process && phase[-1].at <= phase->at));
		FUZZ_CHECK(
		    definitions_phase_at(all, phase->process, phase->at) <= all->phase_names.count);
	}
	FUZZ_CHECK(all->phase_names.count <= DEFINITIONS_PHASES);
	for (uint32_t i = 1; i <= all->phase_names.count; i++)
		FUZZ_CHECK(all->phase_names.list[i] != NULL && all->phase_names.list[i][0] != '\0');
	for (uint32_t i = 1; i <= all->process_count; i++)
		FUZZ_CHECK(definitions_phase_at(all, i, 0) <= all->phase_names.count);
}

static void
reader_definitions(const struct definitions *all)
{
	uint32_t i;

	for (i = 1; i <= all->node_count; i++) {
		const struct definitions_node *node = &all->nodes[i];
		uint32_t depth = node->parent != 0 ? all->nodes[node->parent].depth : 0;

		FUZZ_CHECK(node->parent < i && node->pc >= 1 && node->pc <= all->pc_count);
		FUZZ_CHECK(node->depth == depth + 1);
	}
	for (i = 1; i <= all->pc_count; i++)
		FUZZ_CHECK(all->pcs[i].module <= all->module_count && !all->pcs[i].tail);
	for (i = 1; i <= all->module_count; i++)
		FUZZ_CHECK(all->modules[i].path != NULL && strlen(all->modules[i].path) <= 4096 &&
		    all->modules[i].build_id_len <= sizeof(all->modules[i].build_id));
	for (i = 1; i <= all->process_count; i++)
		FUZZ_CHECK(all->processes[i].number == 0 || all->processes[i].number == i);
	for (i = 0; i <= all->canonical_count; i++)
		FUZZ_CHECK(all->canonical[i] <= all->node_count);
	FUZZ_CHECK(definitions_node(all, UINT32_MAX) == 0 && definitions_node(all, 0) == 0);
}

/* A stream, read as slowly as that. */
struct reader_slow {
	const struct reader *reader;
	const struct streams *streams;
	const struct stream *stream;
	size_t segment; /* the next one */
	uint8_t *bytes; /* of this one's events */
	size_t left;
	struct decode state, before;
	const uint8_t *from; /* of the event */
	size_t len;
	uint64_t last;
	uint8_t before_kind;
	bool gap;
};

static bool
reader_slow_open(struct reader_slow *slow, uint8_t *room)
{
	const struct reader_segment *segment;
	uint32_t want = 0;

	if (slow->segment > 0)
		want = slow->reader
			   ->segments[slow->streams->order[slow->stream->first + slow->segment - 1]]
			   .head.seq +
		    1;
	if (slow->segment == slow->stream->count)
		return false;
	segment =
	    &slow->reader->segments[slow->streams->order[slow->stream->first + slow->segment++]];
	slow->gap |= segment->head.seq != want;
	slow->left = segment->head.used;
	slow->bytes = room;
	FUZZ_CHECK(pread(slow->reader->fd, room, slow->left,
		       (off_t)(segment->offset + sizeof(segment->head))) == (ssize_t)slow->left);
	slow->state = (struct decode){ .time = segment->head.base,
		.interval = segment->head.interval,
		.shift = (uint8_t)slow->reader->head.time_shift };
	if (slow->reader->summed && !segment->cut &&
	    crc32c(0, room, slow->left) != segment->head.payload_sum) {
		slow->left = 0;
		slow->gap = true;
	}
	if (segment->head.interval == 0)
		slow->state.interval = slow->reader->head.sample_interval;
	return true;
}

static bool
reader_slow_next(struct reader_slow *slow, uint8_t *room, struct event *event)
{
	uint64_t from = slow->reader->head.ring_from;

	for (;;) {
		if (slow->left == 0) {
			if (!reader_slow_open(slow, room))
				return false;
			continue;
		}
		slow->before = slow->state;
		slow->from = slow->bytes;
		slow->len = slow_read(&slow->state, slow->bytes, slow->left, event);
		slow->bytes += slow->len;
		slow->left -= slow->len;
		if (slow->len == 0)
			slow->left = 0;
		if (slow->len == 0 ||
		    (event->kind != ESC_EVENT_RATE && from != 0 && event->time <= from))
			slow->gap = true;
		else if (event->kind != ESC_EVENT_RATE)
			break;
	}
	/* as of the moment when it was opened; but no realloc is cut in two */
	if (event->time > slow->reader->cut &&
	    (slow->before_kind != ESC_EVENT_GIVE_UP ||
		(event->kind != ESC_EVENT_REALLOC && event->kind != ESC_EVENT_REALLOCARRAY))) {
		slow->segment = slow->stream->count;
		slow->left = 0;
		return false;
	}
	slow->before_kind = event->kind;
	if (event->time < slow->last)
		event->time = slow->last;
	slow->last = event->time;
	event->gap |= slow->gap;
	slow->gap = false;
	return true;
}

/* What the cursor gave, written again. */
static void
reader_again(const struct reader_slow *slow, const struct event *event)
{
	struct decode state = slow->before;
	struct event whole = *event;
	uint8_t bytes[ESC_EVENT_MAX];
	unsigned control = decode_short(slow->from);

	if (state.shift > 0 && (control >> ESC_CONTROL_TIME_SHIFT & 3) == 3)
		return;
	if (event->has_kept && event->proved == UINT16_MAX)
		return;
	/* it never goes back for who reads it */
	whole.time = slow->state.time;
	FUZZ_CHECK(event->gap || (control & ESC_CONTROL_GAP) == 0);
	FUZZ_CHECK(slow_write(&state, control, &whole, bytes) == slow->len);
	FUZZ_CHECK(memcmp(bytes, slow->from, slow->len) == 0);
}

static void
reader_stream(
    struct reader *reader, const struct streams *streams, const struct stream *stream, size_t size)
{
	static uint8_t room[ESC_SEGMENT_MAX];
	struct reader_slow slow = { .reader = reader, .streams = streams, .stream = stream };
	struct event event, expected;
	struct cursor cursor;

	cursor_init(&cursor, reader, streams, stream, size);
	while (cursor_next(&cursor, &event)) {
		/* the slow reader knows no packed files */
		if (reader->packed != NULL)
			continue;
		FUZZ_CHECK(reader_slow_next(&slow, room, &expected));
		FUZZ_CHECK(event.kind == expected.kind && event.time == expected.time);
		FUZZ_CHECK(event.address == expected.address && event.size == expected.size);
		FUZZ_CHECK(event.stack == expected.stack && event.region == expected.region);
		FUZZ_CHECK(event.interval == expected.interval && event.gap == expected.gap);
		FUZZ_CHECK(event.kept == expected.kept && event.proved == expected.proved);
		FUZZ_CHECK(event.cost == expected.cost && event.has_kept == expected.has_kept);
		reader_again(&slow, &event);
	}
	FUZZ_CHECK(reader->packed != NULL || !reader_slow_next(&slow, room, &expected));
	FUZZ_CHECK(!cursor_next(&cursor, &event) && cursor.buf == NULL);
	cursor_release(&cursor);
}

static void
reader_streams(struct reader *reader, const struct streams *streams, size_t size)
{
	const struct stream *a, *b;
	size_t i, at = 0;

	for (i = 0; i < streams->count; i++) {
		a = &streams->list[i];
		FUZZ_CHECK(a->level < ESC_LEVELS);
		FUZZ_CHECK(a->count == 0 || a->first == at);
		at += a->count;
		if (i > 0) {
			b = &streams->list[i - 1];
			FUZZ_CHECK(b->process != a->process ? b->process < a->process
				: b->thread != a->thread    ? b->thread < a->thread
							    : b->level < a->level);
		}
		reader_stream(reader, streams, a, size);
	}
	FUZZ_CHECK(at <= reader->segment_count);
}

/* What its header says of who writes it, against whether somebody does. */
static void
reader_writers(const struct reader *reader, const struct fuzz_file *file)
{
	bool closed = (reader->head.flags & ESC_FLAG_COMPLETE) != 0;
	bool started = (reader->head.flags & ESC_FLAG_STARTED) != 0;
	char text[sizeof(reader->head.runtime) + 32];

	FUZZ_CHECK(!reader->running || (file->held && started && reader->packed == NULL));
	FUZZ_CHECK(reader_may_grow(file->path) ==
	    (reader->packed == NULL && !closed && (!started || file->held)));
	reader_unmarked(reader->head.unmarked, reader->head.runtime, text, sizeof(text));
	FUZZ_CHECK(text[0] != '\0' && strlen(text) < sizeof(text) - 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_file file;
	unsigned flags = fuzz_trace_load(&file, data, size);
	size_t before = reader_memory();
	struct err err = { "" };
	struct definitions *definitions;
	struct streams streams;
	struct reader *reader;

	if (file.size > READER_PACKED && packed_is(file.bytes))
		return 0;
	fuzz_file_hold(&file, (flags & READER_HELD) != 0);
	reader = reader_open(file.path, &err);
	if (reader == NULL) {
		FUZZ_CHECK(strncmp(err.text, file.path, strlen(file.path)) == 0);
		FUZZ_CHECK(strchr(err.text, '\n') == NULL);
		return 0;
	}
	FUZZ_CHECK(err.text[0] == '\0');
	reader_segments(reader);
	reader_writers(reader, &file);
	definitions = definitions_new(reader, NULL);
	reader_definitions(definitions);
	reader_phases(definitions);
	streams_init(&streams, reader, definitions);
	FUZZ_CHECK(reader_memory() - before <= (64U << 20) + 16 * file.size);
	reader_streams(reader, &streams, (flags & READER_SMALL) != 0 ? ESC_EVENT_MAX : 1 << 13);
	FUZZ_CHECK(!reader->partial || reader->note_count > 0);
	streams_release(&streams);
	definitions_free(definitions);
	reader_free(reader);
	return 0;
}
