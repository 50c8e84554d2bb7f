/*
 * Stack ids. A node is a return address below its caller's node; a stack's id is
 * its innermost node's. The nodes of all stacks seen stand in a table, hash of
 * the path -> id, private to the process (a forked child inherits it); ids are
 * the trace's. Written without locks; two threads at once may give one path two
 * ids, which the reader makes one again.
 */
#ifndef PRELOAD_STACKS_H
#define PRELOAD_STACKS_H

#include <stdbool.h>
#include <stdint.h>

/* One remembered frame. */
struct frame {
	uint64_t slot;   /* where the return address stands */
	uint64_t pc;     /* the return address */
	uint64_t rbp;    /* the caller's frame pointer register */
	uint64_t hash;   /* of the path from the outermost to here */
	uint32_t id;     /* node; 0: not looked up yet */
	uint32_t module; /* index; bits 24..: enum esc_node_flag, FRAME_RBP */
};

#define FRAME_MODULE 0xffffffU
#define FRAME_FLAGS_SHIFT 24
#define FRAME_RBP (1U << 31) /* the frame around needs rbp to be left */

static inline uint64_t
stacks_hash(uint64_t parent, uint64_t pc, uint32_t module)
{
	__uint128_t product = (__uint128_t)(parent ^ pc ^ (uint64_t)(module & 0x7fffffffU) << 40) *
	    0x9fb21c651e98df25ULL;

	return ((uint64_t)product ^ (uint64_t)(product >> 64)) + parent + 1;
}

/* Constructor. False: no memory. */
bool stacks_start(void);

/* The id of frames[0..count), outermost first, count >= 1, whose hashes are
 * set; writes the nodes that are new and fills the frames' ids. 0: no room. */
static inline uint32_t stacks_id(struct frame *frames, uint32_t count);

/* --- Private --- */
struct stacks_entry {
	uint64_t hash; /* 0: free */
	uint64_t id;   /* 0: not in place yet */
};

/* By the hash's uppermost bits, so that a larger one is filled in order. */
struct stacks_table {
	struct stacks_entry *entries;
	unsigned int shift;
	uint32_t filling;
	uint64_t mask;
	uint64_t count;
};

extern struct stacks_table *stacks_now;

uint32_t stacks_new(struct frame *frames, uint32_t count);

static inline uint32_t
stacks_id(struct frame *frames, uint32_t count)
{
	struct frame *last = &frames[count - 1];
	const struct stacks_table *table;
	const struct stacks_entry *entry;

	if (last->id != 0)
		return last->id;
	table = __atomic_load_n(&stacks_now, __ATOMIC_ACQUIRE);
	entry = &table->entries[last->hash >> table->shift];
	if (__builtin_expect(__atomic_load_n(&entry->hash, __ATOMIC_ACQUIRE) != last->hash, 0))
		return stacks_new(frames, count);
	last->id = (uint32_t)__atomic_load_n(&entry->id, __ATOMIC_ACQUIRE);
	return __builtin_expect(last->id != 0, 1) ? last->id : stacks_new(frames, count);
}

#endif
