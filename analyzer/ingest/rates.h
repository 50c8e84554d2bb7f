/*
 * By which intervals the blocks of a run were sampled: by octaves in quarters, what
 * they stand for.
 */
#ifndef INGEST_RATES_H
#define INGEST_RATES_H

#include <stdint.h>

enum { RATES_BUCKETS = 4 * 64 };

struct rates {
	double weights[RATES_BUCKETS];
	double sum;
	uint64_t whole; /* blocks that were taken for certain */
	double last;    /* interval of the last block; 1: it was taken for certain */
};

/* Zero-initialised. A block of that size, which stands for weight; bias: of the
 * sampling. */
void rates_add(struct rates *rates, uint64_t size, uint64_t bias, double weight);
/* The interval below which that share of the sampled blocks was sampled, bytes; 1: none
 * was sampled. */
double rates_quantile(const struct rates *rates, double share);

#endif
