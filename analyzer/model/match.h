/*
 * Which block each event begins or ends: by address and process alone, so that it
 * can run ahead of all else, on a thread of its own.
 */
#ifndef MODEL_MATCH_H
#define MODEL_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/model/live.h"
#include "analyzer/trace/decode.h"
#include "analyzer/trace/streams.h"
#include "analyzer/util/map.h"

struct definitions;

/* An event and what it does. Blocks have numbers, from 1; that of one that ended is
 * given again. */
struct match_event {
	struct event event;
	uint32_t stream; /* index */
	uint32_t block;  /* that begins, or ends; 0: none that is known, or that there is
	                    room for */
	uint32_t lost;   /* that ends before, as its free was lost; 0: none */
	bool again;      /* the event is the one before: it ends this block, too */
};

struct match_counts {
	uint64_t allocations;
	uint64_t frees;     /* give-ups included */
	uint64_t unmatched; /* frees of blocks never seen */
	uint64_t inherited; /* a forked child's frees of its parent's blocks */
	uint64_t skewed;    /* addresses handed out before they were freed */
	uint64_t left_out;  /* allocations that there was no room for */
	/* Of pools, which none of the above but the last counts: */
	uint64_t pool_allocations;
	uint64_t pool_frees;
	uint64_t pool_unmatched; /* of these: of blocks never seen */
};

/* A block that is there at the end. */
struct match_left {
	uint32_t block;
	uint32_t lost; /* as in struct match_event */
};

struct match_block; /* private, as the next ones */
struct match_part;
struct match_gone;
struct match_fork;

struct match {
	const struct definitions *definitions; /* not owned, nor the next */
	const struct streams *streams;
	struct live live;
	struct match_block *blocks; /* by number */
	size_t block_cap;
	struct match_part *parts; /* of pools, by number of the block; NULL: there are none */
	size_t part_cap;
	struct map pools; /* (process, pool) -> its youngest block; 0: none */
	/* What a process freed since it forked: its children still have it. */
	struct match_gone *gone;
	size_t gone_count, gone_cap;
	struct map gone_at;       /* (process, address) -> its newest + 1; 0: none */
	struct match_fork *forks; /* by time */
	size_t fork_count, fork_next;
	uint64_t *forked; /* by process: when it last forked, ticks; 0: never; NULL: none did */
	uint32_t block_count;
	uint32_t limit; /* most blocks at a time; 0: as many as there are */
	uint32_t spare; /* number to be given again, which leads to the next; 0: none */
	struct match_counts counts;
};

void match_init(
    struct match *match, const struct definitions *definitions, const struct streams *streams);
void match_release(struct match *match);

/* The event will be matched soon. */
static inline void
match_expect(const struct match *match, const struct match_event *event)
{
	live_expect(
	    &match->live, match->streams->list[event->stream].process, event->event.address);
}

/* Fills block and lost of the next event in order of time, which does not end all blocks of
 * a pool. */
void match_event(struct match *match, struct match_event *event);

/* The same of one that does: it ends that one. True: and others, so that the same event is
 * to follow, `again`, and with this function. */
bool match_reset(struct match *match, struct match_event *event);

/* The blocks that never ended, in no order; the caller frees the list. */
struct match_left *match_left(const struct match *match, size_t *count);

#endif
