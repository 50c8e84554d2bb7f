#include "analyzer/model/live.h"

#include <stdlib.h>
#include <sys/random.h>

#include "analyzer/util/xalloc.h"

static inline size_t
live_home(const struct live *live, uint32_t process, uint64_t address)
{
	/* neighbours in the heap, which die together, share a cache line */
	uint64_t hash = address >> 7 ^ (uint64_t)process << 40 ^ live->seed;

	hash *= 0x9e3779b97f4a7c15ULL;
	hash ^= hash >> 32;
	hash *= 0xd6e8feb86659fd93ULL;
	hash ^= hash >> 29;
	return (size_t)(hash << 2 | (address >> 5 & 3)) & live->mask;
}

void
live_expect(const struct live *live, uint32_t process, uint64_t address)
{
	if (live->slots != NULL)
		__builtin_prefetch(&live->slots[live_home(live, process, address)]);
}

/* The slot that holds the address, or the free one where it belongs. */
static inline struct live_slot *
live_probe(const struct live *live, uint32_t process, uint64_t address)
{
	size_t at = live_home(live, process, address);
	struct live_slot *slot;

	for (;; at = (at + 1) & live->mask) {
		slot = &live->slots[at];
		if (slot->block == 0 || (slot->address == address && slot->process == process))
			return slot;
	}
}

/* Makes room for twice what is live, at least. */
static void
live_grow(struct live *live)
{
	struct live old = *live;
	size_t size = old.slots != NULL ? old.mask + 1 : 1024;
	size_t i;

	if (old.slots == NULL && getrandom(&live->seed, sizeof(live->seed), GRND_NONBLOCK) < 0)
		live->seed = (uint64_t)(uintptr_t)live;
	if (old.count > size / 16 * 5)
		size *= 2;
	live->slots = xcalloc(size, sizeof(*live->slots));
	live->mask = size - 1;
	live->used = live->count;
	for (i = 0; old.slots != NULL && i <= old.mask; i++)
		if (live_block(&old, i) != 0)
			*live_probe(live, old.slots[i].process, old.slots[i].address) =
			    old.slots[i];
	free(old.slots);
}

struct live_slot *
live_find(const struct live *live, uint32_t process, uint64_t address)
{
	struct live_slot *slot;

	if (live->slots == NULL)
		return NULL;
	slot = live_probe(live, process, address);
	return slot->block != 0 && slot->block != LIVE_NONE ? slot : NULL;
}

struct live_slot *
live_insert(struct live *live, uint32_t process, uint64_t address)
{
	struct live_slot *slot;

	if (live->slots == NULL || live->used >= (live->mask + 1) / 8 * 5)
		live_grow(live);
	slot = live_probe(live, process, address);
	if (slot->block == 0) {
		slot->address = address;
		slot->process = process;
		live->used++;
		live->count++;
	} else if (slot->block == LIVE_NONE) {
		slot->block = 0;
		live->count++;
	}
	return slot;
}

void
live_remove(struct live *live, struct live_slot *slot)
{
	slot->block = LIVE_NONE;
	live->count--;
}

uint32_t
live_block(const struct live *live, size_t i)
{
	return live->slots[i].block != LIVE_NONE ? live->slots[i].block : 0;
}

void
live_release(struct live *live)
{
	free(live->slots);
	*live = (struct live){ 0 };
}
