/*
 * The events of a trace in the order of their times, with the blocks that they
 * are about, in batches: read, decoded, merged and matched ahead of who takes
 * them, on a thread of its own. That needs no symbol, so the two share nothing
 * but the batches.
 */
#ifndef INGEST_PIPE_H
#define INGEST_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/model/match.h"

struct definitions;
struct reader;
struct streams;
struct pipe; /* opaque */

enum { PIPE_EVENTS = 1024 };

struct pipe_batch {
	struct match_event events[PIPE_EVENTS]; /* the taker may change them */
	size_t count;                           /* at least 1 */
	uint64_t read;                          /* bytes of the trace's events, so far */
};

/* All must stay until pipe_free, and reader is not to be used until then. blocks: most
 * that are followed at a time, 0: all. Without `ahead`, or where no thread can be had,
 * pipe_next itself does the work: the batches are the same. */
struct pipe *pipe_new(struct reader *reader, const struct streams *streams,
    const struct definitions *definitions, uint32_t blocks, bool ahead);
/* Takes the next batch, which is the caller's until the next call; NULL: the end. */
struct pipe_batch *pipe_next(struct pipe *pipe);
/* What was matched; once pipe_next has returned NULL, until pipe_free. */
const struct match *pipe_match(const struct pipe *pipe);
void pipe_free(struct pipe *pipe); /* takes NULL; stops before the end, too */

#endif
