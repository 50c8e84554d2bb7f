/*
 * All events of a trace in the order of their times. A stream costs memory only
 * from its first event to its last, and then one small buffer: 10,000 threads
 * are no trouble.
 */
#ifndef TRACE_MERGE_H
#define TRACE_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/trace/streams.h"

struct merge; /* opaque */

/* Both must stay until merge_free. */
struct merge *merge_new(struct reader *reader, const struct streams *streams);
void merge_free(struct merge *merge); /* takes NULL */

/* Bytes of events that were read so far. */
uint64_t merge_read(const struct merge *merge);

/* Reads the next event into *to, and the index of its stream in streams->list into
 * *stream; false at the end. */
bool merge_take(struct merge *merge, struct event *to, size_t *stream);
/* The next event, and the index of its stream in streams->list; NULL at the
 * end. Valid until the next call. */
const struct event *merge_next(struct merge *merge, size_t *stream);

#endif
