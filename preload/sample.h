/*
 * Sampled mode. An allocation of s bytes is taken with the probability
 * 1 - exp(-(s + bias) / interval): distances between samples are drawn from an
 * exponential distribution, and each call uses up s + bias of them. The bias
 * keeps small blocks from starving.
 *
 * A free must know whether its block was sampled: a byte for each page (of a
 * hash of it) counts the sampled blocks that begin there; few calls come
 * further, to a table of their addresses.
 */
#ifndef PRELOAD_SAMPLE_H
#define PRELOAD_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#define SAMPLE_BIAS 64
#define SAMPLE_BURST 32 /* calls after a sample whose stacks are recorded */
#define SAMPLE_PAGES (1U << 21)

struct thread;

/* Constructor. False: no memory. */
bool sample_start(uint64_t interval);

/* A new distance to the next sample, bytes. */
int64_t sample_distance(struct thread *thread);

/* Notes a sampled block; false: no room, it is not to be recorded. */
bool sample_add(uint64_t block);

/* Whether block is sampled; then forgets it. */
static inline bool sample_take(uint64_t block);

/* --- Private --- */
extern uint8_t *sample_pages;

bool sample_remove(uint64_t block);

static inline uint8_t *
sample_page(uint64_t block)
{
	return &sample_pages[(block >> 12) & (SAMPLE_PAGES - 1)];
}

static inline bool
sample_take(uint64_t block)
{
	if (__builtin_expect(*sample_page(block) == 0, 1))
		return false;
	return sample_remove(block);
}

#endif
