/*
 * Of a sampled run the number of allocations and the sum of their sizes are counted, while
 * the weights of what was recorded only come to these on average. So the weights are moved
 * until they do, as little as may be: calibration (Deville and Saerndal 1992), of the part
 * of a weight that stands for what was not recorded. What was recorded for certain keeps its
 * weight of 1, and none gets less.
 *
 * With w = 1/p, w - 1 becomes (w - 1) exp(w (a + b size)). To first order that is the
 * regression estimator of least variance for blocks that were taken independently of each
 * other (Saerndal, Swensson and Wretman 1992, 6.8): what deviates is charged to those whose
 * weights deviate most. The exponential, for a linear function, keeps it positive (raking).
 */
#ifndef INGEST_CALIBRATION_H
#define INGEST_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>

/* By halves of an octave; what is larger is with the last. */
enum {
	CALIBRATION_WEIGHTS = 64,
	CALIBRATION_SIZES = 80,
	CALIBRATION_BINS = CALIBRATION_WEIGHTS * CALIBRATION_SIZES
};

/* Blocks of about the same weight and size. */
struct calibration_bin {
	double more;   /* the sum of w - 1 */
	double bytes;  /* the same times the size */
	double weight; /* the same times w; then their mean w, the largest one's being 1 */
	double factor; /* of w - 1 */
};

/* Zero-initialised: of no block. */
struct calibration {
	double blocks, bytes; /* recorded */
	double more, most;    /* the sum of all w - 1, the largest w */
	unsigned known; /* what the weights come to: 0 neither, 1 the blocks, 2 the bytes, too */
	struct calibration_bin bins[CALIBRATION_BINS]; /* by weight, then by size */
};

/* A block that was recorded, with its weight 1/p >= 1. */
void calibration_add(struct calibration *calibration, double size, double weight);
/* Behind the last: what was counted, in all. Where no weights come to it that are near those
 * that there are, not even to the blocks alone, they stay. */
void calibration_solve(struct calibration *calibration, double blocks, double bytes);
/* What a block that was added stands for. */
double calibration_weight(const struct calibration *calibration, double size, double weight);

#endif
