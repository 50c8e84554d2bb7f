/* The map against a plain array, through insertions and removals. */
#include "analyzer/util/map.h"

#include <stdlib.h>

#include "tests/lib/check.h"

enum { KEYS = 3000, STEPS = 200000 };

static uint64_t want[KEYS]; /* 0: not there */

static struct map_key
key_of(uint64_t number)
{
	return (struct map_key){ .hi = number % 7, .lo = number << 32 };
}

static void
step(struct map *map, uint64_t number, uint64_t value)
{
	uint64_t *at, was = 1;
	bool fresh;

	if (value % 3 == 0) {
		CHECK(map_remove(map, key_of(number), &was) == (want[number] != 0));
		CHECK(want[number] == 0 || was == want[number]);
		want[number] = 0;
		return;
	}
	at = map_insert(map, key_of(number), &fresh);
	CHECK(fresh == (want[number] == 0) && *at == want[number]);
	*at = want[number] = value;
}

/* Equal for equal bytes alone, in parts of the same lengths. */
static void
test_keys(void)
{
	struct map_key none = { 0, 0 }, a, b;

	a = map_key_of(map_key_of(none, "ab", 2), "c", 1);
	b = map_key_of(map_key_of(none, "ab", 2), "c", 1);
	CHECK(a.hi == b.hi && a.lo == b.lo);
	b = map_key_of(map_key_of(none, "a", 1), "bc", 2);
	CHECK(a.hi != b.hi && a.lo != b.lo);
	b = map_key_of(none, "abc", 3);
	CHECK(a.hi != b.hi && a.lo != b.lo);
}

int
main(void)
{
	uint64_t value, state = 1, seen = 0;
	struct map map = { 0 };
	struct map_key key;
	size_t at = 0;
	int i;

	CHECK(map_find(&map, key_of(1)) == NULL);
	CHECK(!map_remove(&map, key_of(1), NULL));
	CHECK(!map_next(&map, &at, &key, &value));
	for (i = 1; i < STEPS; i++) {
		state = state * 6364136223846793005U + 1442695040888963407U;
		step(&map, (state >> 33) % KEYS, (uint64_t)i);
	}
	for (i = 0; i < KEYS; i++) {
		seen += want[i] != 0;
		CHECK(want[i] != 0 ? *map_find(&map, key_of((uint64_t)i)) == want[i]
				   : map_find(&map, key_of((uint64_t)i)) == NULL);
	}
	CHECK_EQ(map.count, seen);
	for (at = 0; map_next(&map, &at, &key, &value);)
		seen -= want[key.lo >> 32] == value;
	CHECK_EQ(seen, 0);
	map_release(&map);
	CHECK(map.slots == NULL && map.count == 0);
	test_keys();
	return check_done();
}
