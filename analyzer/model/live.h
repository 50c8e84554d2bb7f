/*
 * Which block is live at an address of a process. The busiest table of an
 * ingest, so it is its own: 16 bytes a block. An address keeps its slot when its
 * block ends, since allocators give it out again soon; what was not used again is
 * swept out when the table gets full.
 */
#ifndef MODEL_LIVE_H
#define MODEL_LIVE_H

#include <stddef.h>
#include <stdint.h>

#define LIVE_NONE UINT32_MAX /* the address had a block */

struct live_slot {
	uint64_t address;
	uint32_t process;
	uint32_t block; /* 0: the slot is free */
};

struct live {
	struct live_slot *slots; /* zero-initialised: empty */
	size_t count;            /* live blocks */
	size_t used;             /* slots that are not free */
	size_t mask;
	uint64_t keys[4]; /* drawn, so that no trace can make addresses collide */
};

/* Makes room for twice what is live, at least. */
void live_grow(struct live *live);
/* The block of slot i (0 to mask) of a table that is not empty, or 0. */
uint32_t live_block(const struct live *live, size_t i);
void live_release(struct live *live);

/* All bits of the product go into the result: of what is unknown in one factor, nothing
 * that is known of the other can be cancelled. */
static inline uint64_t
live_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

/* Where the address should stand. Address and process each have a secret, or what one of
 * them adds the other could undo; and two products, or the low bits of the place would
 * not know of the process's high ones. */
static inline size_t
live_home(const struct live *live, uint32_t process, uint64_t address)
{
	/* neighbours in the heap, which die together, share a cache line */
	uint64_t hash = live_fold(address >> 7 ^ live->keys[0], process ^ live->keys[1]);

	hash = live_fold(hash ^ live->keys[2], live->keys[3]);
	return (size_t)(hash << 2 | (address >> 5 & 3)) & live->mask;
}

/* The address will soon be asked for. */
static inline void
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

/* The slot of that address, or NULL. Valid until the next insertion. */
static inline struct live_slot *
live_find(const struct live *live, uint32_t process, uint64_t address)
{
	struct live_slot *slot;

	if (live->slots == NULL)
		return NULL;
	slot = live_probe(live, process, address);
	return slot->block != 0 && slot->block != LIVE_NONE ? slot : NULL;
}

/* The same; if there is none it is made, with block 0: set it at once. */
static inline struct live_slot *
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

/* Ends what live_find returned. */
static inline void
live_remove(struct live *live, struct live_slot *slot)
{
	slot->block = LIVE_NONE;
	live->count--;
}

#endif
