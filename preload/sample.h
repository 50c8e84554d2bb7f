/*
 * Sampled mode. An allocation of s bytes is taken with the probability
 * 1 - exp(-(s + bias) / interval): distances between samples are drawn from an
 * exponential distribution, and each call uses up s + bias of them. The bias
 * keeps small blocks from starving.
 *
 * In auto mode the interval moves (pace.h). The one in force for a block depends on
 * what was before it alone, so that its weight is right: where a stretch of the
 * distance ends within a block, the old interval decides it to the end. Interval 1
 * takes every block, and every other call is a step: all is as in full mode.
 *
 * A free must know whether its block was sampled: a byte for each page (of a
 * hash of it) counts the sampled blocks that begin there; few calls come further,
 * to a bit for each address where one may begin. Pages where something else than a
 * sample has to be looked after (NULL's, those of link_maps) are counted as full.
 */
#ifndef PRELOAD_SAMPLE_H
#define PRELOAD_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/hooks.h"

#define SAMPLE_BIAS 64
#define SAMPLE_PAGES (1U << 20)
#define SAMPLE_FAR 10 /* frames: whoever frees a block that far out, it is escaped */
#define SAMPLE_CALLERS (1U << 16)
#define SAMPLE_FIRST 16            /* blocks of each caller that auto mode takes in any case */
#define SAMPLE_ALL (INT64_MIN / 2) /* a countdown that never ends */

struct thread;

/* Calls behind a sample whose stacks are recorded, at most. In auto mode more of them and
 * fewer samples: of the blocks that were seen fewer then are unknown. */
enum { SAMPLE_BURST = 32, SAMPLE_BURST_AUTO = 128 };

/* Of each thread. */
struct sampler {
	uint64_t interval; /* in force; 0: not in sampled mode */
	int64_t rest;      /* of the distance, behind the countdown */
	uint64_t block;    /* that the burst is for; 0: none, or it is freed */
	int32_t length;    /* of the burst */
	int32_t before;    /* calls that the burst before it had left */
	int32_t floor;     /* it ends where so few frames of the block's stack are left */
	uint16_t region;   /* of the block's stack */
	uint16_t last;     /* region of the event before */
	uint32_t kept;     /* frames that stood unchanged at it, */
	uint32_t depth;    /* of so many */
	uint32_t measure;  /* events until one is measured */
	uint64_t spent;    /* ticks that pace_spend was not told yet */
	uint32_t measured; /* since pace_spend was told */
};

/* Constructor. few: little address space. False: no memory. */
bool sample_start(uint64_t interval, bool few);

/* Behind it: auto mode, see pace_start. */
void sample_pace(uint64_t budget, uint64_t room);

/* The calling thread's, in its first call: its first interval and distance. */
void sample_begin(struct thread *thread);

/* A new distance to the next sample, bytes. */
int64_t sample_distance(struct thread *thread, uint64_t interval);

/* Of an allocation with which the countdown ran out: the interval by which its block
 * is taken; 0: it is not. */
uint64_t sample_decide(struct thread *thread);

/* Auto mode: whether the block of a caller that is still new is taken: not when samples
 * use up the budget. Counts it. */
bool sample_new(struct thread *thread, uint8_t *caller);

/* Auto mode: the event that `measure` was counted down for was recorded; it began at
 * that time. */
void sample_measure(struct thread *thread, uint64_t began);

/* Auto mode: counts the blocks of those who call from there; hooks.S does the same. */
static inline uint8_t *sample_caller(uint64_t slot, uint64_t pc);

/* Notes a sampled block; false: no room, it is not to be recorded. */
bool sample_add(uint64_t block);

/* No free of a block on the page of this one passes unseen. Any mode. */
void sample_watch(const void *block);

/* Whether block is sampled; then forgets it. */
static inline bool sample_take(uint64_t block);

/* --- Private --- */
extern uint8_t *sample_pages __attribute__((visibility("hidden")));
extern uint8_t sample_callers[SAMPLE_CALLERS] __attribute__((visibility("hidden")));

bool sample_remove(uint64_t block);

static inline uint8_t *
sample_caller(uint64_t slot, uint64_t pc)
{
	uint32_t hash = (uint32_t)slot * HOOKS_CALLER_FACTOR ^ (uint32_t)pc;

	return &sample_callers[hash % HOOKS_CALLERS];
}

static inline uint8_t *
sample_page(uint64_t block)
{
	return &sample_pages[(uint32_t)block >> HOOKS_PAGE];
}

static inline bool
sample_take(uint64_t block)
{
	if (__builtin_expect(*sample_page(block) == 0, 1))
		return false;
	return sample_remove(block);
}

#endif
