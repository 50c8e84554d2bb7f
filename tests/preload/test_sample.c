/* The sampler's distances are exponential; its table forgets nothing. */
#include "preload/sample.h"

#include <stdlib.h>

#include "preload/thread.h"
#include "tests/lib/check.h"

enum { DRAWS = 1000000, BLOCKS = 5000 };

/* Mean T, and P(d <= x) = 1 - exp(-x / T), at T / 10, T ln 2 and 3 T. */
static void
test_distance(void)
{
	struct thread thread = { .random = 88172645463325252ULL };
	const double interval = 524288;
	double sum = 0;
	unsigned int tenth = 0, half = 0, far = 0;

	for (int i = 0; i < DRAWS; i++) {
		double distance = (double)sample_distance(&thread, 524288);

		sum += distance;
		tenth += distance <= interval / 10;
		half += distance <= interval * 0.693147;
		far += distance <= interval * 3;
	}
	/* Five standard deviations of each. */
	CHECK(sum / DRAWS > interval * 0.995 && sum / DRAWS < interval * 1.005);
	CHECK(tenth > 0.0937 * DRAWS && tenth < 0.0967 * DRAWS);
	CHECK(half > 0.4975 * DRAWS && half < 0.5025 * DRAWS);
	CHECK(far > 0.9491 * DRAWS && far < 0.9513 * DRAWS);
}

static void
test_blocks(void)
{
	/* Addresses like malloc's, many on a page. */
	for (uint64_t round = 0; round < 20; round++) {
		uint64_t base = 0x555500000000ULL + round * 0x1000;

		for (uint64_t i = 0; i < BLOCKS; i++)
			CHECK(sample_add(base + i * 48));
		for (uint64_t i = 0; i < BLOCKS; i++)
			CHECK(!sample_take(base + i * 48 + 16));
		for (uint64_t i = 0; i < BLOCKS; i++)
			CHECK(sample_take(base + i * 48));
		for (uint64_t i = 0; i < BLOCKS; i++)
			CHECK(!sample_take(base + i * 48));
	}
}

int
main(void)
{
	CHECK(sample_start(524288, false));
	test_distance();
	test_blocks();
	return check_done();
}
