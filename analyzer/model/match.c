#include "analyzer/model/match.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/trace/definitions.h"
#include "analyzer/trace/streams.h"
#include "analyzer/util/xalloc.h"

/* Ticks within which a free may be stamped after the allocation that got its
 * block: some 10 ms on any clock. Later, the free before was lost. */
#define MATCH_SKEW 30000000U

enum {
	MATCH_GONE = 8,         /* of so many blocks that there may be, one that is gone */
	MATCH_GONE_STEPS = 256, /* looks at those of one address */
};

struct match_block {
	uint64_t begin; /* ticks */
	uint32_t older; /* 0, or the block before at its address, not ended yet; of a spare
	                   number the next one */
};

/* A block of a pool, in the chain of those that are live: from the youngest on. */
struct match_part {
	uint64_t address; /* 0: the block is of no pool */
	uint32_t process;
	uint32_t pool;
	uint32_t younger, older; /* blocks; 0: none */
};

/* A process freed there what its children of then have. */
struct match_gone {
	uint64_t begin, end; /* ticks */
	size_t older;        /* of its address, + 1; 0: none */
};

struct match_fork {
	uint64_t at; /* ticks */
	uint32_t parent;
};

static int
match_compare_forks(const void *left, const void *right)
{
	const struct match_fork *a = left, *b = right;

	return a->at < b->at ? -1 : a->at > b->at;
}

static void
match_list_forks(struct match *match)
{
	const struct definitions *all = match->definitions;
	size_t count = all->process_count;

	for (uint32_t i = 1; i <= count; i++) {
		const struct definitions_process *process = &all->processes[i];

		if (process->parent == 0 || process->parent > count)
			continue;
		if (match->forks == NULL) {
			match->forks = xcalloc(count, sizeof(*match->forks));
			match->forked = xcalloc(count + 1, sizeof(*match->forked));
		}
		match->forks[match->fork_count++] =
		    (struct match_fork){ process->started, process->parent };
	}
	if (match->fork_count > 0)
		qsort(match->forks, match->fork_count, sizeof(*match->forks), match_compare_forks);
}

void
match_init(
    struct match *match, const struct definitions *definitions, const struct streams *streams)
{
	*match = (struct match){ .definitions = definitions, .streams = streams };
	match_list_forks(match);
}

void
match_release(struct match *match)
{
	free(match->blocks);
	free(match->parts);
	free(match->gone);
	free(match->forks);
	free(match->forked);
	map_release(&match->gone_at);
	map_release(&match->pools);
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

/* The youngest live block of a pool. */
static uint64_t *
match_youngest(struct match *match, uint32_t process, uint32_t pool)
{
	return map_insert(&match->pools, (struct map_key){ process, pool }, NULL);
}

/* The block just begun is one of a pool. */
static void
match_chain(struct match *match, uint32_t number, const struct event *event, uint32_t process)
{
	uint64_t *youngest = match_youngest(match, process, event->pool);
	size_t cap = match->part_cap;

	match->parts =
	    xgrow(match->parts, &match->part_cap, (size_t)number + 1, sizeof(*match->parts));
	if (match->part_cap > cap)
		memset(match->parts + cap, 0, (match->part_cap - cap) * sizeof(*match->parts));
	match->parts[number] = (struct match_part){ .address = event->address,
		.process = process,
		.pool = event->pool,
		.older = (uint32_t)*youngest };
	if (*youngest != 0)
		match->parts[*youngest].younger = number;
	*youngest = number;
}

static void
match_unchain(struct match *match, uint32_t number)
{
	struct match_part *part = &match->parts[number];

	if (part->older != 0)
		match->parts[part->older].younger = part->younger;
	if (part->younger != 0)
		match->parts[part->younger].older = part->older;
	else
		*match_youngest(match, part->process, part->pool) = part->older;
	part->address = 0;
}

static void
match_drop(struct match *match, uint32_t number)
{
	if (number < match->part_cap && match->parts[number].address != 0)
		match_unchain(match, number);
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

	if (decode_is_pools(event->event.kind))
		match->counts.pool_allocations++;
	else
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
	if (decode_is_pools(event->event.kind))
		match_chain(match, event->block, &event->event, process);
}

/* A block ends that a child of its process may have inherited. */
static void
match_remember(
    struct match *match, const struct event *event, uint32_t process, const struct match_block *end)
{
	uint64_t *newest;

	while (match->fork_next < match->fork_count &&
	    match->forks[match->fork_next].at <= event->time) {
		const struct match_fork *fork = &match->forks[match->fork_next++];

		match->forked[fork->parent] = fork->at;
	}
	/* processes are as many as are defined, and a trace may say otherwise */
	if (process > match->definitions->process_count || match->forked[process] < end->begin ||
	    match->forked[process] == 0 ||
	    (match->limit != 0 && match->gone_count >= match->limit / MATCH_GONE))
		return;
	newest = map_insert(&match->gone_at, (struct map_key){ process, event->address }, NULL);
	match->gone =
	    xgrow(match->gone, &match->gone_cap, match->gone_count + 1, sizeof(*match->gone));
	match->gone[match->gone_count] = (struct match_gone){ end->begin, event->time, *newest };
	*newest = ++match->gone_count;
}

/* A block of the process was at the address at that time. */
static bool
match_had(const struct match *match, uint32_t process, uint64_t address, uint64_t time)
{
	const struct live_slot *found = live_find(&match->live, process, address);
	const uint64_t *newest;
	unsigned left = MATCH_GONE_STEPS;
	size_t at;

	if (found != NULL && match->blocks[found->block].begin <= time)
		return true;
	newest = map_find(&match->gone_at, (struct map_key){ process, address });
	/* from the newest on, so that the first that had begun decides */
	for (at = newest != NULL ? *newest : 0; at > 0 && left-- > 0;
	     at = match->gone[at - 1].older) {
		if (match->gone[at - 1].begin <= time)
			return time <= match->gone[at - 1].end;
	}
	return false;
}

/* Whether an ancestor of the process had a block there when it forked. */
static bool
match_inherited(const struct match *match, uint32_t process, uint64_t address)
{
	const struct definitions *all = match->definitions;
	uint64_t started;
	unsigned left;

	for (left = 64; left > 0; left--) {
		if (process > all->process_count)
			return false;
		started = all->processes[process].started;
		process = all->processes[process].parent;
		if (process == 0)
			return false;
		if (match_had(match, process, address, started))
			return true;
	}
	return false;
}

static void
match_count_free(
    struct match *match, const struct match_event *event, uint32_t process, bool unmatched)
{
	struct match_counts *counts = &match->counts;
	bool pools = decode_is_pools(event->event.kind);

	if (pools)
		counts->pool_frees++;
	else
		counts->frees++;
	if (!unmatched)
		return;
	if (match_inherited(match, process, event->event.address))
		counts->inherited += !pools;
	else if (pools)
		counts->pool_unmatched++;
	else
		counts->unmatched++;
}

static void
match_release_block(struct match *match, struct match_event *event, uint32_t process)
{
	struct live_slot *slot = live_find(&match->live, process, event->event.address);
	struct match_block *young;
	uint32_t old;

	match_count_free(match, event, process, slot == NULL);
	if (slot == NULL)
		return;
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
	if (match->fork_count > 0)
		match_remember(match, &event->event, process, &match->blocks[event->block]);
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

static uint32_t
match_find_youngest(const struct match *match, uint32_t process, uint32_t pool)
{
	const uint64_t *youngest = map_find(&match->pools, (struct map_key){ process, pool });

	return youngest != NULL ? (uint32_t)*youngest : 0;
}

bool
match_reset(struct match *match, struct match_event *event)
{
	uint32_t process = match->streams->list[event->stream].process;
	struct live_slot *slot;

	event->block = match_find_youngest(match, process, event->event.pool);
	event->lost = 0;
	if (event->block == 0)
		return false;
	match->counts.pool_frees++;
	slot = live_find(&match->live, process, match->parts[event->block].address);
	if (slot != NULL && slot->block == event->block) {
		event->lost = match->blocks[event->block].older;
		live_remove(&match->live, slot);
	} else if (slot != NULL) {
		match->blocks[slot->block].older = 0;
	}
	if (event->lost != 0)
		match_drop(match, event->lost);
	match_drop(match, event->block);
	return match_find_youngest(match, process, event->event.pool) != 0;
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
