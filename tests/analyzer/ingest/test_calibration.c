#include "analyzer/ingest/calibration.h"

#include <math.h>
#include <stdlib.h>

#include "tests/lib/check.h"
#include "tests/lib/draw.h"

enum { KINDS = 3, DRAWS = 400 };

/* So many blocks of each size there are. */
static const struct {
	double size;
	int count;
} kinds[KINDS] = { { 16, 6000 }, { 200, 3000 }, { 5000, 60 } };

static double
weight_of(double size, double interval)
{
	return -1 / expm1(-(size + 64) / interval);
}

static bool
near(double got, double want)
{
	return fabs(got - want) <= 1e-6 * want;
}

/* Nothing is known, and what was certain is. */
static void
check_without(void)
{
	struct calibration *none = calloc(1, sizeof(*none));

	CHECK(none != NULL);
	calibration_solve(none, 0, 0);
	calibration_add(none, 24, 1);
	calibration_add(none, 24, 1);
	calibration_solve(none, 3, 100);
	CHECK_EQ(none->known, 0);
	CHECK(near(calibration_weight(none, 24, 1), 1));
	CHECK(near(calibration_weight(none, 24, 9), 9));
	free(none);
}

/* All sizes are the same: the bytes follow the blocks. And by bytes that no sizes among
 * those come to, only the blocks are known. */
static void
check_blocks(double bytes)
{
	struct calibration *one = calloc(1, sizeof(*one));
	int i;

	CHECK(one != NULL);
	for (i = 0; i < 10; i++)
		calibration_add(one, 32, i < 5 ? 1 : 20);
	calibration_solve(one, 205, bytes);
	CHECK_EQ(one->known, 1);
	CHECK(near(calibration_weight(one, 32, 1), 1));
	CHECK(near(calibration_weight(one, 32, 20), 40));
	free(one);
}

/* All that there were are recorded; fewer than that were counted; one stands for so many
 * that it says nothing. */
static void
check_bounds(void)
{
	static const struct {
		double counted, weight;
		unsigned known;
	} cases[] = { { 2, 1, 2 }, { 1, 9, 0 }, { 1e6, 9, 0 }, { 2.5, 1.5, 1 } };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct calibration *one = calloc(1, sizeof(*one));

		CHECK(one != NULL);
		calibration_add(one, 16, 1);
		calibration_add(one, 16, 9);
		calibration_solve(one, cases[i].counted, cases[i].counted * 16);
		CHECK_EQ(one->known, cases[i].known);
		CHECK(near(calibration_weight(one, 16, 9), cases[i].weight));
		CHECK(near(calibration_weight(one, 16, 1), 1));
		free(one);
	}
}

/* A sample whose interval moves: what each kind comes to, as drawn and as calibrated. */
static void
sample(double drawn[KINDS], double moved[KINDS])
{
	struct calibration *one = calloc(1, sizeof(*one));
	double *weights[KINDS];
	double blocks = 0, bytes = 0, sum = 0, sum_bytes = 0;
	int taken[KINDS] = { 0 }, k, i;

	CHECK(one != NULL);
	for (k = 0; k < KINDS; k++) {
		weights[k] = calloc((size_t)kinds[k].count, sizeof(double));
		CHECK(weights[k] != NULL);
		blocks += kinds[k].count;
		bytes += kinds[k].count * kinds[k].size;
		for (i = 0; i < kinds[k].count; i++) {
			double interval = i % 3 == 0 ? 400 : i % 3 == 1 ? 3000 : 30000;
			double weight = i < 10 ? 1 : weight_of(kinds[k].size, interval);

			if (draw(1 << 30) * 0x1p-30 * weight >= 1)
				continue;
			weights[k][taken[k]++] = weight;
			calibration_add(one, kinds[k].size, weight);
		}
	}
	calibration_solve(one, blocks, bytes);
	CHECK_EQ(one->known, 2);
	for (k = 0; k < KINDS; k++) {
		drawn[k] = moved[k] = 0;
		for (i = 0; i < taken[k]; i++) {
			double weight = calibration_weight(one, kinds[k].size, weights[k][i]);

			CHECK(weight >= 1);
			drawn[k] += weights[k][i];
			moved[k] += weight;
			sum_bytes += weight * kinds[k].size;
		}
		sum += moved[k];
		free(weights[k]);
	}
	CHECK(near(sum, blocks));
	CHECK(near(sum_bytes, bytes));
	free(one);
}

/* No bias beyond the error of its mean, and a smaller error, where it is known better. */
static void
check_samples(void)
{
	double drawn[KINDS], moved[KINDS], before[KINDS] = { 0 }, after[KINDS] = { 0 };
	double sums[KINDS] = { 0 };
	int k, i;

	for (i = 0; i < DRAWS; i++) {
		sample(drawn, moved);
		for (k = 0; k < KINDS; k++) {
			sums[k] += moved[k] - kinds[k].count;
			before[k] += pow(drawn[k] - kinds[k].count, 2);
			after[k] += pow(moved[k] - kinds[k].count, 2);
		}
	}
	for (k = 0; k < KINDS; k++) {
		fprintf(stderr, "%g bytes: bias %.3f %%, error %.2f %%, drawn %.2f %%\n",
		    kinds[k].size, 100 * sums[k] / DRAWS / kinds[k].count,
		    100 * sqrt(after[k] / DRAWS) / kinds[k].count,
		    100 * sqrt(before[k] / DRAWS) / kinds[k].count);
		CHECK(fabs(sums[k]) < 4 * sqrt(after[k]));
		CHECK(after[k] < before[k] * (k < 2 ? 0.7 : 1.1));
	}
}

int
main(void)
{
	check_without();
	check_blocks(205 * 32);
	check_blocks(205 * 48);
	check_bounds();
	check_samples();
	return check_done();
}
