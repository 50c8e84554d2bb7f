#include "analyzer/model/live.h"

#include <stdint.h>

#include "tests/lib/check.h"

enum { ADDRESSES = 5000, ROUNDS = 400000 };

static uint64_t state = 88172645463325252ULL;

static uint64_t
next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Two processes use the same addresses; what is live is what a plain array says. */
static void
test_random(void)
{
	static uint32_t blocks[2][ADDRESSES];
	struct live live = { 0 };
	struct live_slot *slot;
	size_t count = 0, i, seen = 0;
	uint32_t round, process, at;

	CHECK(live_find(&live, 1, 16) == NULL);
	for (round = 1; round < ROUNDS; round++) {
		process = (uint32_t)(next() & 1);
		at = (uint32_t)(next() % ADDRESSES);
		slot = live_find(&live, process, (uint64_t)at * 16);
		CHECK_EQ(slot != NULL ? slot->block : 0, blocks[process][at]);
		if (slot != NULL) {
			live_remove(&live, slot);
			blocks[process][at] = 0;
			count--;
			continue;
		}
		slot = live_insert(&live, process, (uint64_t)at * 16);
		CHECK_EQ(slot->block, 0);
		slot->block = blocks[process][at] = round;
		count++;
	}
	CHECK_EQ(live.count, count);
	for (i = 0; i <= live.mask; i++)
		seen += live_block(&live, i) != 0;
	CHECK_EQ(seen, count);
	live_release(&live);
}

/* Addresses that do not come again leave nothing behind. */
static void
test_sweep(void)
{
	struct live live = { 0 };
	struct live_slot *slot;
	uint64_t i;

	for (i = 1; i < 1000000; i++) {
		slot = live_insert(&live, 1, i * 16);
		CHECK_EQ(slot->block, 0);
		slot->block = 7;
		live_remove(&live, slot);
	}
	CHECK_EQ(live.count, 0);
	CHECK(live.mask < 4096);
	live_release(&live);
}

int
main(void)
{
	test_random();
	test_sweep();
	return check_done();
}
