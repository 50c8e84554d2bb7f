/*
 * The streams of a trace (process, thread, level), each a run of segments in
 * the order of their numbers, and a cursor that reads one event by event.
 */
#ifndef TRACE_STREAMS_H
#define TRACE_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/trace/decode.h"

struct definitions;
struct reader;

struct stream {
	uint32_t process; /* numbers of the trace */
	uint32_t thread;
	uint32_t tid; /* the kernel's; 0 unknown */
	uint8_t level;
	size_t first;                 /* its segments in streams.order */
	size_t count;                 /* 0: a flight recorder has overwritten them */
	uint64_t begin;               /* ticks before its first event */
	struct esc_counters counters; /* zero but at level 0 */
};

struct streams {
	struct stream *list; /* sorted by process, thread, level */
	size_t count;
	uint32_t *order; /* indices of reader->segments */
	uint64_t bytes;  /* of all their events */
};

/* definitions: those of reader, or NULL: without counters of a flight recorder. */
void streams_init(
    struct streams *streams, struct reader *reader, const struct definitions *definitions);
void streams_release(struct streams *streams);

struct cursor {
	struct reader *reader; /* not owned, nor are the next two */
	const struct streams *streams;
	const struct stream *stream;
	uint8_t *buf; /* owned; NULL before the first and after the last event */
	size_t buf_size;
	size_t at, end;     /* what of buf is still to be decoded */
	uint64_t file_at;   /* where the bytes behind `end` stand in the file */
	uint64_t file_left; /* how many there are in this segment */
	uint32_t sum;       /* of those in front of them */
	size_t segment;     /* the next one to open */
	uint64_t *read;     /* the bytes that were read are added to it; may be NULL */
	struct decode state;
	uint64_t cut;   /* the reader's */
	uint64_t from;  /* events up to then are left out; 0: none */
	uint64_t last;  /* time of the event before */
	bool gap;       /* the next event has unrecorded ones before it */
	uint8_t before; /* kind of the event before */
};

/* Starts at the stream's first event; reads nothing yet. buf_size: bytes to
 * read at once, at least ESC_EVENT_MAX. */
void cursor_init(struct cursor *cursor, struct reader *reader, const struct streams *streams,
    const struct stream *stream, size_t buf_size);
/* The next event but ESC_EVENT_RATE, which tells the interval of those behind it;
 * false at the end. Times never go back. A damaged event ends
 * its segment, and of one that does not fit its sum there is none (noted); the event
 * after it has `gap` set. */
bool cursor_next(struct cursor *cursor, struct event *event);
void cursor_release(struct cursor *cursor);

#endif
