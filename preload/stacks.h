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
uint32_t stacks_id(struct frame *frames, uint32_t count);

#endif
