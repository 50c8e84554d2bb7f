#include "analyzer/trace/streams.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/trace/definitions.h"
#include "analyzer/trace/reader.h"
#include "analyzer/util/crc32c.h"
#include "analyzer/util/xalloc.h"

/* Of a trace without any. */
static const struct definitions streams_undefined;

/* What qsort needs to see of a segment. */
struct streams_key {
	uint32_t process, thread, level, seq, index;
	bool defined; /* index: of a thread's definition */
};

static int
streams_compare_number(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int
streams_compare(const void *left, const void *right)
{
	const struct streams_key *a = left, *b = right;

	if (a->process != b->process)
		return streams_compare_number(a->process, b->process);
	if (a->thread != b->thread)
		return streams_compare_number(a->thread, b->thread);
	if (a->level != b->level)
		return streams_compare_number(a->level, b->level);
	if (a->seq != b->seq)
		return streams_compare_number(a->seq, b->seq);
	if (a->defined != b->defined)
		return a->defined ? 1 : -1;
	return streams_compare_number(a->index, b->index);
}

static size_t
streams_collect(
    const struct reader *reader, const struct definitions *definitions, struct streams_key *keys)
{
	const struct esc_segment *head;
	size_t i, count = 0;

	for (i = 0; i < reader->segment_count; i++) {
		head = &reader->segments[i].head;
		if (head->kind != ESC_SEGMENT_EVENTS)
			continue;
		keys[count++] = (struct streams_key){ head->process, head->thread, head->level,
			head->seq, (uint32_t)i, false };
	}
	for (i = 0; i < definitions->thread_count; i++)
		keys[count++] = (struct streams_key){ definitions->threads[i].process,
			definitions->threads[i].number, 0, UINT32_MAX, (uint32_t)i, true };
	return count;
}

static bool
streams_same(const struct streams_key *a, const struct streams_key *b)
{
	return a->process == b->process && a->thread == b->thread && a->level == b->level;
}

static void
streams_begin(
    struct streams *streams, const struct reader *reader, const struct streams_key *key, size_t at)
{
	const struct esc_segment *head = &reader->segments[key->index].head;
	struct stream *stream = &streams->list[streams->count++];

	*stream = (struct stream){
		.process = key->process,
		.thread = key->thread,
		.tid = head->tid,
		.level = head->level,
		.first = at,
		.begin = head->base,
	};
	if (head->seq == 0 && head->level == 0)
		stream->counters = head->counters;
}

/* A thread's counters; its stream is there already if any of it is left. */
static void
streams_define(struct streams *streams, const struct reader *reader,
    const struct definitions_thread *thread, bool same)
{
	if (!same)
		streams->list[streams->count++] = (struct stream){
			.process = thread->process,
			.thread = thread->number,
			.tid = thread->tid,
			.begin = reader->head.ring_from,
		};
	streams->list[streams->count - 1].counters = thread->counters;
}

void
streams_init(struct streams *streams, struct reader *reader, const struct definitions *definitions)
{
	const struct definitions *known = definitions != NULL ? definitions : &streams_undefined;
	size_t room = reader->segment_count + known->thread_count + 1;
	struct streams_key *keys = xcalloc(room, sizeof(*keys));
	size_t i, at = 0, count = streams_collect(reader, known, keys);

	qsort(keys, count, sizeof(*keys), streams_compare);
	*streams = (struct streams){ 0 };
	streams->list = xcalloc(room, sizeof(*streams->list));
	streams->order = xcalloc(room, sizeof(*streams->order));
	for (i = 0; i < count; i++) {
		bool same = i > 0 && streams_same(&keys[i - 1], &keys[i]);

		if (keys[i].defined) {
			streams_define(streams, reader, &known->threads[keys[i].index], same);
			continue;
		}
		if (same && keys[i - 1].seq == keys[i].seq) {
			reader_note(reader, "byte %" PRIu64 ": a segment that is there twice",
			    reader->segments[keys[i].index].offset);
			continue;
		}
		if (!same)
			streams_begin(streams, reader, &keys[i], at);
		streams->order[at++] = keys[i].index;
		streams->list[streams->count - 1].count++;
		streams->bytes += reader->segments[keys[i].index].head.used;
	}
	free(keys);
}

void
streams_release(struct streams *streams)
{
	free(streams->list);
	free(streams->order);
	*streams = (struct streams){ 0 };
}

void
cursor_init(struct cursor *cursor, struct reader *reader, const struct streams *streams,
    const struct stream *stream, size_t buf_size)
{
	*cursor = (struct cursor){
		.reader = reader,
		.streams = streams,
		.stream = stream,
		.buf_size = buf_size,
		.cut = reader->cut,
		.from = reader->head.ring_from,
	};
}

void
cursor_release(struct cursor *cursor)
{
	free(cursor->buf);
	cursor->buf = NULL;
}

static struct reader_segment *
cursor_segment(const struct cursor *cursor, size_t at)
{
	return &cursor->reader->segments[cursor->streams->order[cursor->stream->first + at]];
}

/*
 * Moves what is left to the front and reads more behind it. False, with nothing at
 * hand, where it cannot be read, or all of it was and does not fit its sum: where it
 * does not fit into the buffer, it was whole when it was looked through.
 */
static bool
cursor_fill(struct cursor *cursor)
{
	struct reader_segment *segment = cursor_segment(cursor, cursor->segment - 1);
	size_t left = cursor->end - cursor->at;
	size_t len = cursor->buf_size - left;

	if (len > cursor->file_left)
		len = (size_t)cursor->file_left;
	if (cursor->buf == NULL)
		cursor->buf = xmalloc(cursor->buf_size);
	memmove(cursor->buf, cursor->buf + cursor->at, left);
	cursor->at = 0;
	cursor->end = left + len;
	if (reader_read(cursor->reader, cursor->file_at, cursor->buf + left, len)) {
		cursor->sum = crc32c(cursor->sum, cursor->buf + left, len);
		cursor->file_at += len;
		cursor->file_left -= len;
		if (cursor->file_left > 0 || reader_check(cursor->reader, segment, cursor->sum))
			return true;
	}
	cursor->file_left = 0;
	cursor->at = cursor->end = 0;
	cursor->gap = true;
	return false;
}

/* Starts at the segment's first event. */
static void
cursor_rewind(struct cursor *cursor, const struct reader_segment *segment)
{
	cursor->at = cursor->end = 0;
	cursor->file_at = segment->offset + sizeof(struct esc_segment);
	cursor->file_left = segment->head.used;
	cursor->sum = 0;
}

/* Looks through a segment that is larger than the buffer: whether it is whole. */
static bool
cursor_look_through(struct cursor *cursor, const struct reader_segment *segment)
{
	if (!cursor->reader->summed || segment->cut || segment->head.used <= cursor->buf_size)
		return true;
	while (cursor->file_left > 0) {
		if (!cursor_fill(cursor))
			return false;
		cursor->at = cursor->end;
	}
	cursor_rewind(cursor, segment);
	return true;
}

static bool
cursor_open_segment(struct cursor *cursor)
{
	const struct reader_segment *segment;
	uint32_t want;

	if (cursor->segment >= cursor->stream->count)
		return false;
	want = cursor->segment == 0 ? 0 : cursor_segment(cursor, cursor->segment - 1)->head.seq + 1;
	segment = cursor_segment(cursor, cursor->segment++);
	if (segment->head.seq != want)
		cursor->gap = true;
	if (segment->head.seq != want && cursor->reader->head.ring_size == 0)
		reader_note(cursor->reader,
		    "byte %" PRIu64 ": segments of its stream before it are missing",
		    segment->offset);
	cursor->state = (struct decode){
		.time = segment->head.base,
		.interval = segment->head.interval != 0 ? segment->head.interval
							: cursor->reader->head.sample_interval,
		.shift = (uint8_t)cursor->reader->head.time_shift,
	};
	cursor_rewind(cursor, segment);
	if (segment->bad) {
		cursor->file_left = 0;
		cursor->gap = true;
	}
	(void)cursor_look_through(cursor, segment);
	if (cursor->read != NULL)
		*cursor->read += segment->head.used;
	return true;
}

/* A damaged event hides all that follow it in its segment. */
static void
cursor_skip_segment(struct cursor *cursor)
{
	/* where the file is cut, it was noted */
	if (cursor->file_left > 0 || !cursor_segment(cursor, cursor->segment - 1)->cut)
		reader_note(cursor->reader, "byte %" PRIu64 ": damaged event",
		    cursor->file_at - (cursor->end - cursor->at));
	cursor->at = cursor->end;
	cursor->file_left = 0;
	cursor->gap = true;
}

/* An event behind the cut ends the stream, but for the second half of a realloc:
 * the block was not given up for good. */
static bool
cursor_cut(struct cursor *cursor, const struct event *event)
{
	if (cursor->before == ESC_EVENT_GIVE_UP &&
	    (event->kind == ESC_EVENT_REALLOC || event->kind == ESC_EVENT_REALLOCARRAY))
		return false;
	cursor->segment = cursor->stream->count;
	cursor->at = cursor->end;
	cursor->file_left = 0;
	cursor_release(cursor);
	return true;
}

/* Gets bytes of an event, one at least. */
static bool
cursor_more(struct cursor *cursor)
{
	do {
		if (cursor->file_left > 0)
			(void)cursor_fill(cursor);
		if (cursor->at != cursor->end)
			return true;
	} while (cursor_open_segment(cursor));
	cursor_release(cursor);
	return false;
}

/* Of before the window a flight recorder does not have everything. */
static inline bool
cursor_is_over(struct cursor *cursor, const struct event *event)
{
	if (event->time > cursor->from || cursor->from == 0)
		return false;
	cursor->gap = true;
	return true;
}

/* Where less than the longest event is at hand; the same as cursor_decode. */
static bool
cursor_decode_last(struct cursor *cursor, struct event *event)
{
	size_t len;

	do {
		if (cursor->end - cursor->at < ESC_EVENT_MAX && !cursor_more(cursor))
			return false;
		len = decode_event(
		    &cursor->state, cursor->buf + cursor->at, cursor->end - cursor->at, event);
		if (len == 0)
			cursor_skip_segment(cursor);
		cursor->at += len;
	} while (len == 0);
	return true;
}

/* The next event of any kind; false at the end. */
static inline bool
cursor_decode(struct cursor *cursor, struct event *event)
{
	size_t len;

	if (cursor->end - cursor->at < ESC_EVENT_MAX)
		return cursor_decode_last(cursor, event);
	len = decode_whole(&cursor->state, cursor->buf + cursor->at, event);
	if (len == 0) {
		cursor_skip_segment(cursor);
		return cursor_decode_last(cursor, event);
	}
	cursor->at += len;
	return true;
}

bool
cursor_next(struct cursor *cursor, struct event *event)
{
	do {
		if (!cursor_decode(cursor, event))
			return false;
	} while (event->kind == ESC_EVENT_RATE || cursor_is_over(cursor, event));
	if (event->time > cursor->cut && cursor_cut(cursor, event))
		return false;
	cursor->before = event->kind;
	if (event->time < cursor->last)
		event->time = cursor->last;
	cursor->last = event->time;
	event->gap |= cursor->gap;
	cursor->gap = false;
	return true;
}
