#include "analyzer/util/map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "analyzer/util/xalloc.h"

struct map_slot {
	struct map_key key;
	uint64_t value;
	uint64_t used;
};

static uint64_t
map_seed(void)
{
	static uint64_t seed;
	struct timespec now;

	while (seed == 0) {
		if (getrandom(&seed, sizeof(seed), 0) == (ssize_t)sizeof(seed))
			continue;
		(void)clock_gettime(CLOCK_REALTIME, &now);
		seed = (uint64_t)now.tv_nsec << 32 ^ (uint64_t)getpid() ^ (uint64_t)(uintptr_t)&now;
	}
	return seed;
}

struct map_key
map_key_of(struct map_key of, const void *bytes, size_t len)
{
	struct {
		struct map_key of;
		XXH128_hash_t hash;
	} both = { of, XXH3_128bits_withSeed(bytes, len, map_seed()) };
	XXH128_hash_t all = XXH3_128bits_withSeed(&both, sizeof(both), map_seed());

	return (struct map_key){ all.high64, all.low64 };
}

uint64_t
map_hash(struct map_key key)
{
	return XXH3_64bits_withSeed(&key, sizeof(key), map_seed());
}

/* Where key should stand. */
static size_t
map_home(const struct map *map, struct map_key key)
{
	return (size_t)map_hash(key) & map->mask;
}

static bool
map_same(struct map_key a, struct map_key b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

/* The slot that holds key, or the free one where it belongs. */
static struct map_slot *
map_probe(const struct map *map, struct map_key key)
{
	size_t at = map_home(map, key);

	while (map->slots[at].used && !map_same(map->slots[at].key, key))
		at = (at + 1) & map->mask;
	return &map->slots[at];
}

static void
map_grow(struct map *map)
{
	struct map old = *map;
	size_t size = old.slots != NULL ? (old.mask + 1) * 2 : 16;
	size_t i;

	map->slots = xcalloc(size, sizeof(*map->slots));
	map->mask = size - 1;
	for (i = 0; old.slots != NULL && i <= old.mask; i++)
		if (old.slots[i].used)
			*map_probe(map, old.slots[i].key) = old.slots[i];
	free(old.slots);
}

uint64_t *
map_find(const struct map *map, struct map_key key)
{
	struct map_slot *slot;

	if (map->slots == NULL)
		return NULL;
	slot = map_probe(map, key);
	return slot->used ? &slot->value : NULL;
}

uint64_t *
map_insert(struct map *map, struct map_key key, bool *fresh)
{
	struct map_slot *slot;
	bool is_new;

	/* at most two thirds full */
	if (map->slots == NULL || map->count >= (map->mask + 1) / 3 * 2)
		map_grow(map);
	slot = map_probe(map, key);
	is_new = !slot->used;
	if (is_new) {
		*slot = (struct map_slot){ .key = key, .used = 1 };
		map->count++;
	}
	if (fresh != NULL)
		*fresh = is_new;
	return &slot->value;
}

/* Closes the hole at `hole` by moving back what probed past it. */
static void
map_close_hole(struct map *map, size_t hole)
{
	size_t at = hole;
	size_t home;

	for (;;) {
		at = (at + 1) & map->mask;
		if (!map->slots[at].used)
			break;
		home = map_home(map, map->slots[at].key);
		if (((at - home) & map->mask) < ((at - hole) & map->mask))
			continue;
		map->slots[hole] = map->slots[at];
		hole = at;
	}
	map->slots[hole].used = 0;
}

bool
map_remove(struct map *map, struct map_key key, uint64_t *value)
{
	struct map_slot *slot;

	if (map->slots == NULL)
		return false;
	slot = map_probe(map, key);
	if (!slot->used)
		return false;
	if (value != NULL)
		*value = slot->value;
	map_close_hole(map, (size_t)(slot - map->slots));
	map->count--;
	return true;
}

bool
map_next(const struct map *map, size_t *at, struct map_key *key, uint64_t *value)
{
	const struct map_slot *slot;

	while (map->slots != NULL && *at <= map->mask) {
		slot = &map->slots[(*at)++];
		if (!slot->used)
			continue;
		*key = slot->key;
		*value = slot->value;
		return true;
	}
	return false;
}

void
map_release(struct map *map)
{
	free(map->slots);
	*map = (struct map){ 0 };
}
