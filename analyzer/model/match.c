#include "analyzer/model/match.h"

#include <stdbool.h>
#include <stdlib.h>

#include "analyzer/trace/definitions.h"
#include "analyzer/trace/streams.h"
#include "analyzer/util/xalloc.h"

/* Ticks within which a free may be stamped after the allocation that got its
 * block: some 10 ms on any clock. Later, the free before was lost. */
#define MATCH_SKEW 30000000U

struct match_block {
	uint64_t begin; /* ticks */
	uint32_t older; /* 0, or the block before at its address, not ended yet; of a spare
	                   number the next one */
};

void
match_init(
    struct match *match, const struct definitions *definitions, const struct streams *streams)
{
	*match = (struct match){ .definitions = definitions, .streams = streams };
}

void
match_release(struct match *match)
{
	free(match->blocks);
	live_release(&match->live);
	*match = (struct match){ 0 };
}

static uint32_t
match_take(struct match *match)
{
	uint32_t number = match->spare;

	if (number != 0) {
		match->spare = match->blocks[number].older;
		return number;
	}
	number = ++match->block_count;
	match->blocks =
	    xgrow(match->blocks, &match->block_cap, (size_t)number + 1, sizeof(*match->blocks));
	return number;
}

static void
match_drop(struct match *match, uint32_t number)
{
	match->blocks[number].older = match->spare;
	match->spare = number;
}

/* Whether another block would be one too many. */
static bool
match_is_full(const struct match *match)
{
	return match->limit != 0 && match->spare == 0 && match->block_count >= match->limit;
}

static void
match_allocate(struct match *match, struct match_event *event, uint32_t process)
{
	struct live_slot *slot;
	uint32_t older;

	match->counts.allocations++;
	if (match_is_full(match)) {
		match->counts.left_out++;
		return;
	}
	slot = live_insert(&match->live, process, event->event.address);
	older = slot->block;
	/* A block begins at an address that holds a live one: its free may be about to
	 * come. One that waited already will not get its free any more. */
	if (older != 0) {
		match->counts.skewed++;
		event->lost = match->blocks[older].older;
		match->blocks[older].older = 0;
	}
	event->block = match_take(match);
	if (event->lost != 0)
		match_drop(match, event->lost);
	slot->block = event->block;
	match->blocks[event->block] = (struct match_block){ event->event.time, older };
}

/* Whether an ancestor of the process had a block there when it forked. */
static bool
match_inherited(const struct match *match, uint32_t process, uint64_t address)
{
	const struct definitions *all = match->definitions;
	uint64_t started;
	const struct live_slot *found;
	unsigned left;

	for (left = 64; left > 0; left--) {
		if (process > all->process_count)
			return false;
		started = all->processes[process].started;
		process = all->processes[process].parent;
		if (process == 0)
			return false;
		found = live_find(&match->live, process, address);
		if (found != NULL && match->blocks[found->block].begin <= started)
			return true;
	}
	return false;
}

static void
match_release_block(struct match *match, struct match_event *event, uint32_t process)
{
	struct live_slot *slot = live_find(&match->live, process, event->event.address);
	struct match_block *young;
	uint32_t old;

	match->counts.frees++;
	if (slot == NULL) {
		if (match_inherited(match, process, event->event.address))
			match->counts.inherited++;
		else
			match->counts.unmatched++;
		return;
	}
	event->block = slot->block;
	young = &match->blocks[slot->block];
	old = young->older;
	young->older = 0;
	/* which of two this free is for; the younger, if any, stays there */
	if (old != 0 && event->event.time - young->begin <= MATCH_SKEW) {
		event->block = old;
	} else {
		event->lost = old;
		live_remove(&match->live, slot);
	}
	if (event->lost != 0)
		match_drop(match, event->lost);
	match_drop(match, event->block);
}

void
match_event(struct match *match, struct match_event *event)
{
	uint32_t process = match->streams->list[event->stream].process;

	event->block = event->lost = 0;
	if (decode_allocates(event->event.kind))
		match_allocate(match, event, process);
	else if (event->event.kind != ESC_EVENT_STEP)
		match_release_block(match, event, process);
}

struct match_left *
match_left(const struct match *match, size_t *count)
{
	const struct live *live = &match->live;
	struct match_left *list = xcalloc(live->count + 1, sizeof(*list));
	uint32_t block;
	size_t i;

	*count = 0;
	for (i = 0; live->slots != NULL && i <= live->mask; i++) {
		block = live_block(live, i);
		if (block != 0)
			list[(*count)++] = (struct match_left){ .block = block,
				.lost = match->blocks[block].older };
	}
	return list;
}
