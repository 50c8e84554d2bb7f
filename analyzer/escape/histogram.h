/*
 * Weighed counts by key, sorted by key. A histogram that is made with a
 * resolution rounds keys up to the upper bound of a bucket: 1/resolution of an
 * octave, exact below the resolution.
 */
#ifndef ESCAPE_HISTOGRAM_H
#define ESCAPE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

struct histogram_bin {
	uint64_t key;
	double weight;
};

struct histogram {
	struct histogram_bin *bins; /* sorted by key; zero-initialised: empty */
	size_t count;
	size_t cap;
	size_t last; /* the bin that was added to last */
};

void histogram_add(struct histogram *histogram, uint64_t key, double weight);
/* The upper bound of key's bucket; resolution is a power of 2. */
uint64_t histogram_round(uint64_t key, unsigned resolution);
/* Rounds all keys that are there. */
void histogram_coarsen(struct histogram *histogram, unsigned resolution);
/* The smallest key that `share` (0..1) of the weight does not exceed; 0 if empty. */
uint64_t histogram_quantile(const struct histogram *histogram, double share);
void histogram_release(struct histogram *histogram);

#endif
