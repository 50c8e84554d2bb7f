/*
 * Stack ids. A node is a return address below its caller's node; a stack's id is
 * its innermost node's. The nodes of all stacks seen stand in a table, (parent's
 * id, place) -> id, private to the process (a forked child inherits it); ids are
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
	uint32_t id;     /* node; 0: not looked up yet */
	uint32_t module; /* index; bits 24..: enum esc_node_flag, FRAME_RBP */
};

#define FRAME_MODULE 0xffffffU
#define FRAME_FLAGS_SHIFT 24
#define FRAME_RBP (1U << 31) /* the frame around needs rbp to be left */

/* Constructor. False: no memory. */
bool stacks_start(void);

/* The id of frames[0..count), outermost first, count >= 1, of which the first
 * `known` may have their ids and the others have 0; writes the nodes that are new,
 * fills the ids. 0: no room. */
static inline uint32_t stacks_id(struct frame *frames, uint32_t known, uint32_t count);

/* --- Private --- */
struct stacks_entry {
	uint64_t place; /* stacks_place */
	uint64_t ids;   /* the parent's above the node's own; 0: free */
};

/*
 * A node stands behind twice its parent's id, not far if it can. Ids are given in the
 * order of the first events: what happens at a time stands together, and what does
 * stays where it is when the table grows, which it does in place.
 */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): a cache line apart, see below */
struct stacks {
	struct stacks_entry *entries;
	uint64_t mask;
	/* Written with each new node: not beside what all events read. */
	uint64_t count __attribute__((aligned(64)));
	uint64_t growing;
};

/* The id of a node that is being added. */
#define STACKS_BUSY UINT32_MAX

extern struct stacks stacks __attribute__((visibility("hidden")));

uint32_t stacks_new(struct frame *frames, uint32_t count);

/* Code is in the lower half of the address space; MODULES_MAX is 2^17. */
static inline uint64_t
stacks_place(const struct frame *frame)
{
	return frame->pc | (uint64_t)(frame->module & FRAME_MODULE) << 47;
}

/* What tells a node from others of one parent and place: flags, which few have. */
static inline uint32_t
stacks_parent(const struct frame *frame, uint32_t parent)
{
	return parent ^ (frame->module >> FRAME_FLAGS_SHIFT & 7) << 29;
}

static inline uint64_t
stacks_at(uint64_t place, uint32_t parent)
{
	return 2ULL * parent + (place * 0x9e3779b97f4a7c15ULL >> 59);
}

/* The first few places alone; 0: it is none of these. */
static inline uint32_t
stacks_near(uint64_t mask, const struct frame *frame, uint32_t parent)
{
	uint64_t place = stacks_place(frame), at = stacks_at(place, parent);
	uint32_t key = stacks_parent(frame, parent);

	for (unsigned int i = 0; i < 3; i++) {
		const struct stacks_entry *entry = &stacks.entries[(at + i) & mask];
		uint64_t ids = __atomic_load_n(&entry->ids, __ATOMIC_ACQUIRE);

		if (ids >> 32 == key && (uint32_t)ids != STACKS_BUSY && entry->place == place)
			return (uint32_t)ids;
		if (ids == 0)
			break;
	}
	return 0;
}

static inline uint32_t
stacks_id(struct frame *frames, uint32_t known, uint32_t count)
{
	uint64_t mask = __atomic_load_n(&stacks.mask, __ATOMIC_ACQUIRE);
	uint32_t parent = known > 0 ? frames[known - 1].id : 0;

	if (__builtin_expect(parent == 0 && known > 0, 0))
		return stacks_new(frames, count);
	for (; known < count; known++) {
		struct frame *frame = &frames[known];
		uint32_t id = stacks_near(mask, frame, parent);

		if (__builtin_expect(id == 0, 0))
			return stacks_new(frames, count);
		parent = id;
		frame->id = id;
	}
	return parent;
}

#endif
