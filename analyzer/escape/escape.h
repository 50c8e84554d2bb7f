/*
 * The fates of the blocks of one trace, summed up by site, by path (stack that
 * allocated) and by pair (path and stack that freed).
 *
 * Where the budget has no room for another site or path, its blocks are as those of no
 * stack: unknown; for another pair: those of the path's lost pair, unknown as well.
 *
 * Every block is in one pair, one path and one site; sums over the pairs of a
 * path are the path's, sums over the paths of a site are the site's: most are made
 * of the pairs' in the end, by escape_finish.
 */
#ifndef ESCAPE_ESCAPE_H
#define ESCAPE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/escape/estimate.h"
#include "analyzer/escape/grid.h"
#include "analyzer/escape/histogram.h"
#include "analyzer/escape/logical.h"
#include "analyzer/escape/steps.h"
#include "analyzer/escape/verdict.h"
#include "analyzer/model/model.h"
#include "analyzer/util/map.h"

enum {
	ESCAPE_SIZES = 64,     /* distinct sizes kept exactly */
	ESCAPE_SIZE_FINE = 16, /* then so many buckets an octave */
	ESCAPE_LIFE_FINE = 8,
	ESCAPE_RECENT = 8, /* activations remembered to tell new ones */
	ESCAPE_ALLOCATORS = 4,
};

struct escape_options {
	struct budget *budget; /* for sites, paths and pairs; NULL: there is none; not owned */
	uint64_t stack_limit;
	double tick_ns;
	bool marks; /* the trace has return marks */
};

struct escape_allocator {
	const char *name;
	uint64_t calls;
};

struct escape_recent {
	uint64_t activation;
	uint64_t epoch;
	uint64_t end; /* ticks, of its last block */
	bool used;
};

struct escape_site {
	uint32_t frame; /* logical */
	uint32_t pool;  /* that its blocks are of: number of its name; 0: none */
	struct escape_allocator allocators[ESCAPE_ALLOCATORS];
	struct verdict_facts facts;
	double weight; /* blocks, estimated */
	double weights[FATE_COUNT];
	struct estimate blocks, bytes;
	double variance;            /* of blocks, as they were drawn, behind escape_finish */
	double covariance, squares; /* of blocks and bytes; the squares that variance sums */
	double freed;               /* of weight: blocks that were freed */
	uint64_t whys[MODEL_WHY_COUNT];
	uint64_t proved;
	uint64_t inferred;
	uint64_t caught;  /* by a mark: they escaped, and would not have seemed to */
	uint64_t threads; /* that allocated */
	struct histogram sizes;
	struct histogram lives;            /* ns, rounded */
	struct grid grid;                  /* sizes by lives; cells in front after escape_finish */
	bool rounded;                      /* sizes are */
	uint64_t life_min, life_max;       /* life_min > life_max: none was freed */
	double cost_allocate, cost_free;   /* ns of the timed calls, each times its weight */
	double timed_allocate, timed_free; /* sums of their weights */
	uint64_t timed;                    /* how many they are */
	struct escape_recent recent[ESCAPE_RECENT];
	uint32_t last_thread;              /* + 1 */
	uint32_t example_node[FATE_COUNT]; /* of the first block of that fate */
	bool example[FATE_COUNT];
};

struct escape_path {
	uint32_t node;
	uint32_t pool; /* as its site's */
	uint32_t next; /* + 1; the next one of the node, of another pool; 0: none */
	uint32_t site;
	uint32_t levels;            /* of the stack (places.h) */
	uint32_t site_levels;       /* of the site and all outside; 0: no site */
	uint32_t depth;             /* of the physical frame that the site is in */
	uint32_t index;             /* of the site in its place */
	struct verdict_facts facts; /* stack_limit is the site's */
	double fates[FATE_COUNT];   /* estimated blocks */
	double bytes;               /* estimated; until escape_finish beyond those seen */
	double seen;                /* bytes of the blocks that were seen */
	double live_bytes;          /* estimated; of those that are live or censored */
	double life;                /* ns, estimated; of all whose end, or none, was seen */
	double life_squares;        /* the sum of their squares */
	const char *allocator;      /* as the site's source calls it; NULL: the hook's name */
	const char *container;      /* what its blocks are a part of (containers.h), or NULL */
	bool named;                 /* these two were looked for */
	uint64_t last_key;          /* + 1; of the pair that was counted last */
	uint32_t last_node;
	uint32_t last_pair;
	uint32_t lost_pair;     /* + 1; 0: none */
	uint8_t last_kind;      /* of the hook of the block that was counted last */
	uint8_t last_allocator; /* and the place of its name in the site's, + 1 */
};

/* Of FATE_LOCAL, FATE_UP and FATE_THREAD the blocks of one pair have one. */
enum escape_way {
	ESCAPE_WAY_MAIN, /* escape_pair.main */
	ESCAPE_WAY_LIVE,
	ESCAPE_WAY_CENSORED,
	ESCAPE_WAY_UNKNOWN,
	ESCAPE_WAYS,
};

struct escape_pair {
	uint32_t path;
	uint32_t node;  /* that freed; 0: none or not known */
	uint32_t owner; /* logical frame, 0: none */
	uint32_t distance;
	double way_weights[ESCAPE_WAYS]; /* estimated; until escape_finish beyond counts */
	uint64_t way_counts[ESCAPE_WAYS];
	uint64_t proved; /* of the main ones; all that are live are */
	enum fate main;
	bool far;  /* the owner is start-up code */
	bool lost; /* of all blocks of the path that there was no room to tell apart */
};

/* How right it would have been without marks. Of blocks that their thread freed on
 * the stack that it allocated them on: */
struct escape_audit {
	uint64_t freed;
	uint64_t local;        /* presumed or proved to be */
	uint64_t wrong;        /* but were not */
	uint64_t proved;       /* whose owner would have been proved */
	uint64_t proved_wrong; /* but was not live: an error of ours */
	uint64_t over_wrong;   /* an activation was taken for over, but was not: the same */
};

/* Of one block. */
struct escape_fate {
	enum fate fate;
	bool proved;
	uint32_t distance; /* of its owner; UINT32_MAX: farther than matters */
};

struct escape {
	struct escape_options options;
	struct escape_audit audit;
	struct logical_places places;
	struct steps steps;        /* for struct place_hooks */
	struct escape_site *sites; /* 0.. */
	struct escape_path *paths;
	struct escape_pair *pairs;
	uint32_t site_count, path_count, pair_count;
	size_t site_cap, path_cap, pair_cap;
	uint32_t *node_path; /* path + 1 by node: the first of it */
	uint32_t chained;    /* path + 1 of the block that realloc makes the next one of */
	struct map site_map, pair_map, thread_map;
};

static inline enum escape_way
escape_way(enum fate fate)
{
	return fate < FATE_LIVE ? ESCAPE_WAY_MAIN
				: (enum escape_way)(fate - FATE_LIVE + ESCAPE_WAY_LIVE);
}

/* How many blocks of the pair had that fate, and of these: as estimated, proved. */
static inline uint64_t
escape_pair_count(const struct escape_pair *pair, enum fate fate)
{
	return fate < FATE_LIVE && fate != pair->main ? 0 : pair->way_counts[escape_way(fate)];
}

static inline double
escape_pair_weight(const struct escape_pair *pair, enum fate fate)
{
	return fate < FATE_LIVE && fate != pair->main ? 0 : pair->way_weights[escape_way(fate)];
}

static inline uint64_t
escape_pair_proved(const struct escape_pair *pair, enum fate fate)
{
	if (fate == FATE_LIVE)
		return pair->way_counts[ESCAPE_WAY_LIVE];
	return fate == pair->main ? pair->proved : 0;
}

void escape_init(struct escape *escape, const struct escape_options *options,
    struct logical *logical, const struct definitions *definitions);
void escape_release(struct escape *escape);
/* As if no block had begun, but for what is known of places and code. */
void escape_reset(struct escape *escape);

/* Behind escape_finish, where not all blocks were taken, or not from some time on: widens what
 * is said of sites that may have had some of such sizes since then that no sample met.
 * interval, bias: of the sampling. */
void escape_unseen(struct escape *escape, double interval, uint64_t bias);

/* Behind escape_finish: weights are such that the sum of all sites' blocks is the true one
 * (known 1), and that of the bytes, too (2). So what is off at one site is off the other way
 * at others, and the less the more of all is that site's. */
void escape_known(struct escape *escape, unsigned known);

/* For struct model_hooks; tags are path numbers. */
void escape_begin(struct escape *escape, struct model_block *block);
/* thread: a number of the thread that allocated it. Returns what it was taken for. */
struct escape_fate escape_end(struct escape *escape, const struct model_end *end, uint32_t thread);
/* realloc took such a block: no local variable can be in its place. */
void escape_realloced(struct escape *escape, uint32_t tag);
/* The next block that begins is what realloc made of such a one. */
void escape_chain(struct escape *escape, uint32_t tag);
/* After the last block, and before anything is read: makes the sums. */
void escape_finish(struct escape *escape);

/* The frames around the site of a path that are neither wrappers nor start-up
 * code, innermost first, `most` at most; returns how many. */
uint32_t escape_callers(
    struct escape *escape, const struct escape_path *path, uint32_t *frames, uint32_t most);

#endif
