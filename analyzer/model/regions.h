/*
 * Which activations are on a stack, replayed event by event.
 *
 * A region is one stack of one stream: the nodes of its physical frames, and its
 * levels (places.h), both from the outermost. The number of the event at which a
 * level was first seen is its birth: it never falls from one level to the next.
 * So two stacks of a region went through one activation, as far as is known,
 * exactly when the level of the later one was born at the earlier one or before,
 * and the earlier one was that deep. Levels that were born together are kept together: what an
 * event costs does not grow with the depth of its stack.
 *
 * "As far as is known": what was not proved is presumed, at the level where it
 * begins; all levels inside of that one are no surer.
 */
#ifndef MODEL_REGIONS_H
#define MODEL_REGIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/model/places.h"

struct event;

/* From `level` (from 0) on inward all levels were first seen at that event, up to the
 * level where the next run begins. Levels and events both rise. */
struct region_run {
	uint64_t seq;
	uint32_t level;
};

/* What happened to a level; numbers of events. */
struct region_note {
	uint64_t back;     /* presumed while it made a call that is not behind the one before */
	uint64_t blind;    /* ... and its code could not be read */
	uint64_t unmarked; /* when no mark stood for it, nor a proof */
	uint32_t level;
};

/* A level that was taken for the same without a proof. */
struct region_presumed {
	uint64_t seq;
	uint32_t level;
};

struct region {
	uint32_t node; /* the innermost of its last event; 0: there was none */
	uint32_t level_count;
	uint32_t tails; /* of the levels, behind the last node: it may have tail-called the hook */
	uint32_t run_count, note_count, presumed_count;
	uint32_t run_cap, note_cap, presumed_cap;
	struct region_run *runs;   /* of all levels */
	struct region_note *notes; /* by level; most have none */
	/* Levels and events both rise: one that is older and farther in tells nothing. */
	struct region_presumed *presumed;
	uint64_t last; /* number of its last event */
	uint64_t gap;  /* of the last event that others may be missing before */
};

/* Moves seen before: what one does to the levels depends on the two stacks and on
 * what the event says of them, and on nothing else. */
struct region_memo;

/* How the replay came to what it says: steps from an event to the next. */
struct region_counts {
	uint64_t steps;
	uint64_t over;     /* what made the call before cannot have made this one */
	uint64_t firm;     /* all that stayed is proved */
	uint64_t presumed; /* some of it is not */
	uint64_t blind;    /* ... because code could not be read */
};

enum { REGION_KINDS = 8 };

/* What regions that go by the same places share. */
struct regions {
	struct places *places;        /* not owned, nor memos */
	struct region_memo *memos;    /* from region_memos */
	uint64_t steps[REGION_KINDS]; /* of each kind, see region_counts */
};

/* The caller frees it with free(). */
struct region_memo *region_memos(void);
/* How often each thing happened. */
struct region_counts region_counts(const struct regions *regions);

/*
 * What an event says of its stack: whether events are missing before it; whether
 * what called the hook may have left by a jump to it (vague); if has_kept, how many
 * of the outermost frames stand; of those that do, so many are the very same, at
 * most.
 */
static inline uint64_t
region_said(enum place_between between, bool vague, bool has_kept, uint16_t kept, uint16_t proved)
{
	return (uint64_t)proved << 32 | (uint64_t)kept << 8 | (uint64_t)has_kept << 2 |
	    (uint64_t)vague << 1 | (between == PLACE_GAP);
}

/* Event seq moves the region to the stack of node, which is not 0. */
void region_move(
    struct regions *regions, struct region *region, uint32_t node, uint64_t said, uint64_t seq);
void region_release(struct region *region);

/* How many runs there are of event seq and before. */
static inline uint32_t
region_runs(const struct region *region, uint64_t seq)
{
	uint32_t low = 0, high = region->run_count, middle;

	/* most blocks end soon */
	if (high > 0 && region->runs[high - 1].seq <= seq)
		return high;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (region->runs[middle].seq <= seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How many of the `levels` outermost ones that stood at event seq do so still. */
static inline uint32_t
region_shared(const struct region *region, uint32_t levels, uint64_t seq)
{
	uint32_t runs = region_runs(region, seq);
	uint32_t shared = runs < region->run_count ? region->runs[runs].level : region->level_count;

	return shared < levels ? shared : levels;
}

/* The event at which a level was first seen. */
uint64_t region_birth(const struct region *region, uint32_t level);
/* What happened to it: all 0 if nothing did. */
struct region_note region_note_of(const struct region *region, uint32_t level);
/* Whether one of so many outermost levels was unmarked since event seq. */
bool region_unmarked(const struct region *region, uint32_t levels, uint64_t seq);

/* Of so many that do: how many are proved to. */
static inline uint32_t
region_proved(const struct region *region, uint32_t levels, uint64_t seq)
{
	uint32_t i = region->presumed_count;

	while (i > 0 && region->presumed[i - 1].seq > seq)
		i--;
	if (i == region->presumed_count || region->presumed[i].level > levels)
		return levels;
	return region->presumed[i].level;
}

#endif
