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

/* ---- addresses made to collide ---- */

enum { KEYS = 100000, PER_KEY = 20 /* probes, on average; about 2 where all is well */ };

/* How often a slot is looked at to find each of the keys once. */
static uint64_t
count_probes(const struct live *live)
{
	uint64_t probes = 0;
	size_t i, home;

	for (i = 0; i <= live->mask; i++) {
		if (live_block(live, i) == 0)
			continue;
		home = live_home(live, live->slots[i].process, live->slots[i].address);
		probes += ((i - home) & live->mask) + 1;
	}
	return probes;
}

/* What makes the keys of one set: key `i`. */
typedef void crafted(uint32_t i, uint32_t *process, uint64_t *address);

/* Processes that take back what their addresses add where both are only XORed. */
static void
craft_cancelled(uint32_t i, uint32_t *process, uint64_t *address)
{
	*process = i;
	*address = 0x7f0000001000ULL ^ (uint64_t)i << 47;
}

/* The same, at the place that the next shift of such a mix has. */
static void
craft_processes(uint32_t i, uint32_t *process, uint64_t *address)
{
	*process = i;
	*address = 0x7f0000001000ULL ^ (uint64_t)i << 7;
}

/* Process numbers whose low bits are all the same. */
static void
craft_high_processes(uint32_t i, uint32_t *process, uint64_t *address)
{
	/* where these come in behind the first product, one drawing in a hundred is bad */
	*process = (i & 255) << 24 | 1;
	*address = (uint64_t)(i >> 8) << 20;
}

/* Only the highest bits differ: a product's low ones do not. */
static void
craft_high(uint32_t i, uint32_t *process, uint64_t *address)
{
	*process = 1;
	*address = (uint64_t)i << 47;
}

static void
craft_pages(uint32_t i, uint32_t *process, uint64_t *address)
{
	*process = 1;
	*address = (uint64_t)i << 12;
}

static void
craft_strides(uint32_t i, uint32_t *process, uint64_t *address)
{
	*process = 1;
	*address = (uint64_t)i * 0x9e3779b97f4a7c15ULL << 7;
}

/* Whatever the keys that were drawn are, no set of them stands in one heap. */
static void
test_crafted(crafted *craft)
{
	struct live live = { 0 };
	uint32_t i, process;
	uint64_t address;

	for (i = 0; i < KEYS; i++) {
		craft(i, &process, &address);
		live_insert(&live, process, address)->block = i + 1;
		/* before it takes as long as those who made them want */
		if ((i & (i + 1)) == 0 && i > 1000 && count_probes(&live) > (uint64_t)i * PER_KEY)
			break;
	}
	CHECK_EQ(i, KEYS);
	CHECK(count_probes(&live) < (uint64_t)KEYS * PER_KEY);
	live_release(&live);
}

static void
test_collisions(void)
{
	static crafted *const sets[] = { craft_cancelled, craft_processes, craft_high_processes,
		craft_high, craft_pages, craft_strides };
	size_t i;
	int drawn;

	for (drawn = 0; drawn < 8; drawn++)
		for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
			test_crafted(sets[i]);
}

int
main(void)
{
	test_random();
	test_sweep();
	test_collisions();
	return check_done();
}
