/*
 * Which block is live at an address of a process. The busiest table of an
 * ingest, so it is its own: 16 bytes a block, and none is empty for long.
 */
#ifndef MODEL_LIVE_H
#define MODEL_LIVE_H

#include <stddef.h>
#include <stdint.h>

struct live_slot {
	uint64_t address;
	uint32_t process;
	uint32_t block; /* 0: the slot is free */
};

struct live {
	struct live_slot *slots; /* zero-initialised: empty */
	size_t count;
	size_t mask;
	uint64_t seed; /* so that no trace can make addresses collide */
};

/* The slot of that address, or NULL. Valid until the next insertion or removal. */
struct live_slot *live_find(const struct live *live, uint32_t process, uint64_t address);
/* The same; if there is none it is made, with block 0: set it at once. */
struct live_slot *live_insert(struct live *live, uint32_t process, uint64_t address);
/* Frees a slot that live_find returned. */
void live_remove(struct live *live, struct live_slot *slot);
void live_release(struct live *live);

#endif
