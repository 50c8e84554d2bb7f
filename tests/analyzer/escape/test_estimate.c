/* Samples of a known heap, drawn many times: how often the intervals hold it. */
#include "analyzer/escape/estimate.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/lib/check.h"

enum { RUNS = 2000 };

struct coverage {
	unsigned blocks, bytes, runs;
};

static uint64_t state = 88172645463325252ULL;

static double
draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (double)(state >> 11) * 0x1p-53;
}

static bool
holds(const struct estimate *estimate, double truth)
{
	CHECK(estimate_low(estimate) >= estimate->seen);
	CHECK(estimate_low(estimate) <= estimate_value(estimate));
	CHECK(estimate_high(estimate) >= estimate_value(estimate));
	return estimate_low(estimate) <= truth && truth <= estimate_high(estimate) + 0.5;
}

/* count blocks of 16 to 1000 bytes, one sample in `interval` bytes; runs that see none do not
 * count. */
static struct coverage
cover(int count, double interval)
{
	struct coverage coverage = { 0 };

	while (coverage.runs < RUNS) {
		struct estimate blocks = { 0 }, bytes = { 0 };
		double truth = 0;

		for (int i = 0; i < count; i++) {
			double size = 16 + i % 42 * 24, p = -expm1(-size / interval);

			truth += size;
			if (draw() >= p)
				continue;
			estimate_add(&blocks, 1, 1 / p);
			estimate_add(&bytes, size, 1 / p);
		}
		if (blocks.seen < 1)
			continue;
		coverage.runs++;
		if (holds(&blocks, count))
			coverage.blocks++;
		if (holds(&bytes, truth))
			coverage.bytes++;
	}
	return coverage;
}

/* Of what is rarely seen no interval of whole blocks holds less than nearly all. */
static bool
right(unsigned hits, unsigned runs, bool rare)
{
	return hits >= 0.92 * runs && (rare || hits <= 0.99 * runs);
}

int
main(void)
{
	static const struct {
		int count;
		double interval;
		bool rare;
	} cases[] = { { 100, 4096, false }, { 1000, 4096, false }, { 1000, 512, false },
		{ 100, 512, false }, { 400, 20000, false }, { 40, 20000, true }, { 1, 160, true },
		/* in one run of ten, of a hundred, of a thousand */
		{ 5, 10000, true }, { 5, 100000, true }, { 1, 16000, true } };
	struct estimate all = { 0 }, one = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct coverage coverage = cover(cases[i].count, cases[i].interval);

		printf("%d blocks, interval %.0f: %u and %u of %u\n", cases[i].count,
		    cases[i].interval, coverage.blocks, coverage.bytes, coverage.runs);
		CHECK(right(coverage.blocks, coverage.runs, cases[i].rare));
		CHECK(right(coverage.bytes, coverage.runs, cases[i].rare));
	}
	/* one that was bound to be seen says nothing of a bound that is given it was */
	estimate_add(&one, 1, 1000);
	CHECK(estimate_low(&one) >= 1 && estimate_low(&one) <= 1);
	estimate_add(&one, 1, 1);
	CHECK(estimate_low(&one) > 20);
	/* all seen: no doubt */
	for (int i = 0; i < 10; i++)
		estimate_add(&all, 32, 1);
	CHECK(estimate_low(&all) >= 320 && estimate_high(&all) <= 320);
	/* none was seen since each would have weighed 800: with 1500 more, 15 runs in 100 */
	estimate_unseen(&all, 32, 800);
	CHECK(estimate_value(&all) <= 320 && estimate_low(&all) >= 320);
	CHECK(estimate_high(&all) > 320 + 32 * 1500 && estimate_high(&all) < 320 + 32 * 2500);
	/* one that did is more than what might have been */
	estimate_add(&all, 32, 1600);
	CHECK(estimate_value(&all) > 320 + 32 * 1599 && estimate_low(&all) < 320 + 32 * 800);
	return check_done();
}
