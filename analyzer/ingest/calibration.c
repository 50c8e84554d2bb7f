#include "analyzer/ingest/calibration.h"

#include <math.h>

/* Weights that have to be so many times as large were of too few samples. */
static const double CALIBRATION_MOST = 8;

/* Steps; how far one may change the logarithm of a factor; what sums may be off by. */
enum { CALIBRATION_STEPS = 200 };
static const double CALIBRATION_STEP = 0.7, CALIBRATION_NEAR = 1e-9;

/* What the weights come to, less what they should, with these coefficients, and the
 * derivatives by them. */
struct calibration_sums {
	double blocks, bytes;
	double by_a, by_b, bytes_by_b; /* blocks by a, either by the other, bytes by b */
};

static size_t
calibration_octave(double value, size_t most)
{
	double half = log2(value) * 2;

	return half > 0 ? half < (double)most - 1 ? (size_t)half : most - 1 : 0;
}

/* The number of the bin of such a block. */
static size_t
calibration_place(double size, double weight)
{
	return calibration_octave(weight, CALIBRATION_WEIGHTS) * CALIBRATION_SIZES +
	    calibration_octave(size + 1, CALIBRATION_SIZES);
}

void
calibration_add(struct calibration *calibration, double size, double weight)
{
	struct calibration_bin *bin;

	calibration->blocks++;
	calibration->bytes += size;
	if (!(weight > 1))
		return;
	bin = &calibration->bins[calibration_place(size, weight)];
	bin->more += weight - 1;
	bin->bytes += (weight - 1) * size;
	bin->weight += (weight - 1) * weight;
	calibration->more += weight - 1;
	if (weight > calibration->most)
		calibration->most = weight;
}

static double
calibration_factor(const struct calibration_bin *bin, double a, double b)
{
	return exp(bin->weight * (a + b * bin->bytes / bin->more));
}

/* The next bin that has any behind one; NULL: the first; returns NULL behind the last. */
static struct calibration_bin *
calibration_next(struct calibration *calibration, struct calibration_bin *bin)
{
	struct calibration_bin *end = calibration->bins + CALIBRATION_BINS;

	bin = bin == NULL ? calibration->bins : bin + 1;
	while (bin < end && !(bin->more > 0))
		bin++;
	return bin < end ? bin : NULL;
}

static struct calibration_sums
calibration_sum(struct calibration *calibration, double blocks, double bytes, double a, double b)
{
	struct calibration_sums sums = { .blocks = -blocks, .bytes = -bytes };
	struct calibration_bin *bin = NULL;

	while ((bin = calibration_next(calibration, bin)) != NULL) {
		double factor = calibration_factor(bin, a, b);
		double slope = factor * bin->weight;

		sums.blocks += factor * bin->more;
		sums.bytes += factor * bin->bytes;
		sums.by_a += slope * bin->more;
		sums.by_b += slope * bin->bytes;
		sums.bytes_by_b += slope * bin->bytes * (bin->bytes / bin->more);
	}
	return sums;
}

/* The part of a step by which no logarithm of a factor changes by more than may be. */
static double
calibration_damping(struct calibration *calibration, double a, double b)
{
	struct calibration_bin *bin = NULL;
	double part = 1;

	while ((bin = calibration_next(calibration, bin)) != NULL) {
		double change = fabs(bin->weight * (a + b * bin->bytes / bin->more));

		if (change * part > CALIBRATION_STEP)
			part = CALIBRATION_STEP / change;
	}
	return part;
}

/* Newton's step; false: there is none, as for bytes where all sizes are the same. */
static bool
calibration_step(const struct calibration_sums *sums, unsigned known, double *a, double *b)
{
	double both = sums->by_a * sums->bytes_by_b;
	double determinant = both - sums->by_b * sums->by_b;

	*b = 0;
	if (known < 2) {
		*a = -sums->blocks / sums->by_a;
		return sums->by_a > 0;
	}
	*a = -(sums->bytes_by_b * sums->blocks - sums->by_b * sums->bytes) / determinant;
	*b = -(sums->by_a * sums->bytes - sums->by_b * sums->blocks) / determinant;
	return determinant > CALIBRATION_NEAR * both;
}

/* Sets the factors by which the sums are those; false: there are none. */
static bool
calibration_find(struct calibration *calibration, unsigned known, double blocks, double bytes)
{
	struct calibration_bin *bin = NULL;
	double a = 0, b = 0, more_a, more_b, part;
	int step;

	for (step = 0; step < CALIBRATION_STEPS; step++) {
		struct calibration_sums sums = calibration_sum(calibration, blocks, bytes, a, b);

		if (fabs(sums.blocks) <= CALIBRATION_NEAR * blocks &&
		    (known < 2 || fabs(sums.bytes) <= CALIBRATION_NEAR * bytes))
			break;
		if (!calibration_step(&sums, known, &more_a, &more_b))
			return false;
		part = calibration_damping(calibration, more_a, more_b);
		a += part * more_a;
		b += part * more_b;
	}
	if (step == CALIBRATION_STEPS)
		return false;
	while ((bin = calibration_next(calibration, bin)) != NULL) {
		bin->factor = calibration_factor(bin, a, b);
		if (!(bin->factor <= CALIBRATION_MOST))
			return false;
	}
	return true;
}

void
calibration_solve(struct calibration *calibration, double blocks, double bytes)
{
	struct calibration_bin *bin = NULL;
	unsigned known;

	blocks -= calibration->blocks;
	bytes -= calibration->bytes;
	if (!(calibration->more > 0) || !(blocks >= 0) || !(bytes >= 0))
		return;
	/* all that there were happen to be recorded */
	if (blocks <= 0) {
		calibration->known = 2;
		return;
	}
	while ((bin = calibration_next(calibration, bin)) != NULL)
		bin->weight /= bin->more * calibration->most;
	for (known = 2; known > 0; known--)
		if (calibration_find(calibration, known, blocks, bytes))
			break;
	calibration->known = known;
}

double
calibration_weight(const struct calibration *calibration, double size, double weight)
{
	if (calibration->known == 0 || !(weight > 1))
		return weight;
	return 1 + (weight - 1) * calibration->bins[calibration_place(size, weight)].factor;
}
