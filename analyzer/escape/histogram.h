/*
 * Weighed counts by key, sorted by key. One that is made coarse rounds keys up to
 * the upper bound of a bucket: 1/resolution of an octave, exact below twice the
 * resolution. It then counts by number of bucket, without a search.
 */
#ifndef ESCAPE_HISTOGRAM_H
#define ESCAPE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { HISTOGRAM_RECENT = 8 };

struct histogram_bin {
	uint64_t key;
	double weight;
};

struct histogram {
	struct histogram_bin *bins; /* sorted by key; zero-initialised: empty */
	size_t count;
	size_t cap;
	uint16_t recent[HISTOGRAM_RECENT]; /* by histogram_recent: bins that were added to last */
	unsigned resolution;               /* 0: all keys are exact */
	uint32_t first;                    /* bucket of weights[0] */
	double *weights; /* by bucket; not in bins until histogram_sort; 0: none */
	size_t weight_count;
};

/* histogram_add where the key's place has to be looked for, or made. */
void histogram_add_new(struct histogram *histogram, uint64_t key, double weight);

/* How far a key of that octave is shifted to the number of its bucket in it. */
static inline unsigned
histogram_shift(uint64_t key, unsigned resolution)
{
	return 63 - (unsigned)__builtin_clzll(key) - (unsigned)__builtin_ctz(resolution);
}

/* Twice the resolution are exact, then each octave has `resolution` buckets. */
static inline uint32_t
histogram_bucket(uint64_t key, unsigned resolution)
{
	unsigned shift;

	if (key < 2 * (uint64_t)resolution)
		return (uint32_t)key;
	shift = histogram_shift(key, resolution);
	return shift * resolution + (uint32_t)(key >> shift);
}

/* Sizes are multiples of something, or in a row. */
static inline uint32_t
histogram_recent(uint64_t key)
{
	return (uint32_t)(key ^ key >> 3) % HISTOGRAM_RECENT;
}

static inline void
histogram_add(struct histogram *histogram, uint64_t key, double weight)
{
	uint32_t at;

	if (histogram->resolution == 0) {
		at = histogram->recent[histogram_recent(key)];
		if (at < histogram->count && histogram->bins[at].key == key)
			histogram->bins[at].weight += weight;
		else
			histogram_add_new(histogram, key, weight);
		return;
	}
	at = histogram_bucket(key, histogram->resolution) - histogram->first;
	if (at < histogram->weight_count)
		histogram->weights[at] += weight;
	else
		histogram_add_new(histogram, key, weight);
}

/* The upper bound of key's bucket; resolution is a power of 2. */
uint64_t histogram_round(uint64_t key, unsigned resolution);
/* From now on keys are rounded, and those that are there are; resolution is a power
 * of 2. Then histogram_sort is needed before bins or quantiles are looked at. */
void histogram_coarsen(struct histogram *histogram, unsigned resolution);
/* Puts all that was added into bins. Nothing may be added behind it. */
void histogram_sort(struct histogram *histogram);
/* The smallest key that `share` (0..1) of the weight does not exceed; 0 if empty. */
uint64_t histogram_quantile(const struct histogram *histogram, double share);
void histogram_release(struct histogram *histogram);

#endif
