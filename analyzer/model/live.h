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
	uint64_t seed; /* so that no trace can make addresses collide */
};

/* The address will soon be asked for. */
void live_expect(const struct live *live, uint32_t process, uint64_t address);
/* The slot of that address, or NULL. Valid until the next insertion. */
struct live_slot *live_find(const struct live *live, uint32_t process, uint64_t address);
/* The same; if there is none it is made, with block 0: set it at once. */
struct live_slot *live_insert(struct live *live, uint32_t process, uint64_t address);
/* Ends what live_find returned. */
void live_remove(struct live *live, struct live_slot *slot);
/* The block of slot i (0 to mask) of a table that is not empty, or 0. */
uint32_t live_block(const struct live *live, size_t i);
void live_release(struct live *live);

#endif
