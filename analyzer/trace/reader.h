/*
 * A trace file (preload/record.h): opened, its header checked, its segments
 * found. What is damaged is stepped over and noted; `partial` then tells that
 * something is missing. It may be packed (packed.h).
 *
 * A trace that was closed has sums: what does not fit them is not used. Headers are
 * held against theirs when the trace is opened, payloads when they are read
 * (reader_check, cursor_next).
 *
 * A trace that is still written is read as it was at one moment, `cut`: events
 * after it are left out, of every stream. What an event came after (the frame
 * that it names, the block that it frees) was then in the file before it.
 */
#ifndef TRACE_READER_H
#define TRACE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/util/files.h"
#include "preload/record.h"

struct err;
struct packed;

struct reader_segment {
	uint64_t offset;         /* of its header in the file; payload follows it */
	struct esc_segment head; /* checked: size, used, kind, level */
	bool cut;                /* the file ends in its payload: no sum can tell of it */
	bool bad;                /* its payload is damaged (noted) */
};

struct reader {
	int fd;
	char *path;                      /* as it was given */
	uint64_t size;                   /* of the file, unpacked */
	struct packed *packed;           /* NULL: it is not */
	bool running;                    /* processes still write it */
	uint64_t cut;                    /* ticks; UINT64_MAX: all there is */
	struct esc_header head;          /* checked; texts are NUL ended; `last` is the
	                                    cut, where there is one */
	struct reader_segment *segments; /* in file order */
	size_t segment_count;
	size_t segment_cap;
	size_t segment_limit; /* of a packed trace: more would be made up */
	char **notes;         /* what is damaged, with its byte offset; for people */
	size_t note_count;
	size_t note_cap;
	uint64_t notes_left_out; /* beyond READER_NOTES */
	bool partial;
	struct files_stamp stamp; /* of the file, from when on it was not to change */
	bool copied;              /* it was, and is not read any more */
	bool told;                /* nothing is noted any more: it is read once more */
	bool summed;              /* it was closed, and has sums */
	uint64_t damaged;         /* places that were noted */
	uint64_t missing;         /* bytes of the file that are not there, or not used */
};

enum { READER_NOTES = 64 };

/* Opens the trace. NULL and err set if it is none, or of a version that is not
 * known. The caller frees it with reader_free. Never disturbs who writes it; may
 * wait a moment (at most 2 s) for a trace that is being closed. */
struct reader *reader_open(const char *path, struct err *err);
void reader_free(struct reader *reader); /* takes NULL */
/* Whether path is a trace that may still grow: read again, it may hold more. */
bool reader_may_grow(const char *path);

/* Reads len bytes at offset; false if the file does not have them (noted). */
bool reader_read(struct reader *reader, uint64_t offset, void *to, size_t len);

/* Whether a segment whose payload has that sum is whole; where it is not, it is noted
 * and marked bad. Always, where there are no sums. */
bool reader_check(struct reader *reader, struct reader_segment *segment, uint32_t sum);

/* Behind the last that was read: -1 and err set if the file was written or cut meanwhile
 * by others than its own program: what was read may be of two traces, or of none. */
int reader_same(const struct reader *reader, struct err *err);

/* Adds a note of a damaged place, and marks the trace partial. */
void reader_note(struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Why events were lost, for people, where some were. */
const char *reader_lost_why(const struct esc_header *head);

/* Why return addresses are not marked (esc_header.unmarked and .runtime), in a few
 * words, into room bytes. */
void reader_unmarked(uint32_t why, const char *runtime, char *to, size_t room);

#endif
