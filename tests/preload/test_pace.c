/* What is spent makes the interval longer, what time fills makes it shorter; both have
 * an end. */
#include "preload/pace.h"

#include "preload/ring.h"
#include "tests/lib/check.h"
#include "tests/lib/fakering.h"

enum { ROOM = 30000000, COARSEST = 256 / 4 * 7 << 13 };

/* 2 % of the time. */
static const uint64_t BUDGET = 200;

static void
test_spend(void)
{
	uint64_t before = 1, interval, steps = 0;

	pace_start(BUDGET, ROOM / 3000, 0);
	CHECK_EQ(pace_interval(), 1);
	pace_spend(ROOM / 2, 0);
	CHECK_EQ(pace_interval(), 1);
	for (uint64_t spent = 0; spent < ROOM / 2; spent += ROOM / 1000) {
		pace_spend(ROOM / 1000, 0);
		interval = pace_interval();
		CHECK(interval >= before);
		/* never more than a quarter at once, but for the first step */
		CHECK(interval <= before + before / 4 || before == 1);
		steps += interval != before;
		before = interval;
	}
	CHECK_EQ(steps, 56);
	CHECK_EQ(before, COARSEST);
	pace_spend(UINT32_MAX, 0);
	CHECK_EQ(pace_interval(), COARSEST);
	CHECK_EQ(ring.header->spent, ROOM / 2 + 500ULL * (ROOM / 1000) + UINT32_MAX);
}

static void
test_fill(void)
{
	/* As far below nothing as it gets; then half of the room is to be filled. */
	uint64_t full = ROOM * 3ULL / 2 * 10000 / BUDGET;
	uint64_t before = COARSEST, interval;

	pace_start(BUDGET, ROOM / 3000, 0);
	for (int i = 0; i < 10; i++)
		pace_spend(ROOM, 0);
	for (uint64_t now = 0; now < full - full / 100; now += full / 100) {
		pace_spend(0, now);
		interval = pace_interval();
		CHECK(interval <= before && interval > 1);
		before = interval;
	}
	pace_spend(0, full + 100000);
	CHECK_EQ(pace_interval(), 1);
	/* It holds no more than its room, however long nothing happens. */
	pace_spend(0, 1ULL << 60);
	pace_spend(ROOM / 2 + ROOM / 100, 1ULL << 60);
	CHECK(pace_interval() > 1);
	/* a clock that goes back a little, on another processor, fills nothing */
	interval = pace_interval();
	pace_spend(0, (1ULL << 60) - 1000000);
	CHECK_EQ(pace_interval(), interval);
}

/* What costs less the less often it is sampled settles where it costs its budget. */
static void
test_balance(void)
{
	uint64_t now = 0, spent = 0, tail = 0;

	pace_start(BUDGET, ROOM / 3000, 0);
	for (int i = 0; i < 200000; i++) {
		/* in 20000 ticks 1 MiB is allocated, and each sample costs 500 */
		uint64_t cost = (1ULL << 20) * 500 / (pace_interval() + 1000);

		now += 20000;
		pace_spend(cost, now);
		spent += cost;
		if (i >= 100000)
			tail += cost;
	}
	CHECK(tail > 100000ULL * 20000 * 19 / 1000);
	CHECK(tail < 100000ULL * 20000 * 21 / 1000);
	CHECK(spent < now * 2 / 100 + 2 * ROOM);
}

int
main(void)
{
	CHECK(fakering_start(1 << 20));
	test_spend();
	test_fill();
	test_balance();
	return check_done();
}
