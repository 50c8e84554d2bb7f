/* The sampler's distances are exponential; its table forgets nothing. */
#include "preload/sample.h"

#include <math.h>
#include <stdlib.h>

#include "preload/pace.h"
#include "preload/ring.h"
#include "preload/thread.h"
#include "tests/lib/check.h"
#include "tests/lib/fakering.h"

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

/* Auto mode: what is drawn stands for what is there, however the interval moves. */
static void
test_moving(void)
{
	static struct thread thread = { .random = 88172645463325252ULL };
	double blocks = 0, bytes = 0, taken = 0, taken_bytes = 0, noise = 0, noise_bytes = 0;
	uint64_t now = ring_ticks() + (1ULL << 50), least = UINT64_MAX, most = 0;

	sample_pace(200, 10000);
	sample_begin(&thread);
	for (uint64_t i = 0; i < 6000000; i++) {
		uint64_t size = i * 7919 % 900;
		uint64_t interval = 0;

		/* Of a room of 30 M ticks most is spent, then filled again. */
		if (i % 500 == 0 && i / 60000 % 2 == 0)
			pace_spend(200000, now);
		else if (i % 500 == 0)
			pace_spend(0, now += 12000000);
		blocks++;
		bytes += (double)size;
		thread_tls.countdown -= (int64_t)(size + SAMPLE_BIAS);
		if (thread_tls.countdown < 0)
			interval = sample_decide(&thread);
		if (interval != 0) {
			double weight = interval == 1
			    ? 1
			    : -1 / expm1(-(double)(size + SAMPLE_BIAS) / (double)interval);

			taken += weight;
			taken_bytes += weight * (double)size;
			noise += weight * (weight - 1);
			noise_bytes += weight * (weight - 1) * (double)(size * size);
			least = interval < least ? interval : least;
			most = interval > most ? interval : most;
		}
		/* as if an event had been measured: where all are taken nothing else looks */
		if (i % 500 == 0)
			for (int k = 0; k < 4; k++)
				sample_measure(&thread, UINT64_MAX);
	}
	printf("%.0f blocks, %.0f +- %.0f drawn; T %llu to %llu\n", blocks, taken, sqrt(noise),
	    (unsigned long long)least, (unsigned long long)most);
	CHECK_EQ(least, 1);
	CHECK(most > 1 << 16);
	/* five standard deviations */
	CHECK(fabs(taken - blocks) < 5 * sqrt(noise));
	CHECK(fabs(taken_bytes - bytes) < 5 * sqrt(noise_bytes));
	CHECK(sqrt(noise) < blocks / 100);
}

int
main(void)
{
	CHECK(fakering_start(1 << 20));
	CHECK(sample_start(524288, false));
	test_distance();
	test_blocks();
	test_moving();
	return check_done();
}
