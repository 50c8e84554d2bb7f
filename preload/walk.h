/*
 * The incremental walk: from the hook's caller outward, by rules, until a
 * frame is met that the region remembers with all outside it unchanged.
 */
#ifndef PRELOAD_WALK_H
#define PRELOAD_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/frame.h"
#include "preload/thread.h"

struct walk {
	uint32_t stack; /* id; 0: failed */
	uint16_t region;
	uint16_t kept;
	bool says_kept;  /* kept is not what the reader would conclude itself */
	uint16_t proved; /* of the kept ones, by marks */
	bool cut;
	bool broken;
	struct region *at; /* holds the stack just captured */
};

/*
 * Captures the stack of a hook's caller into one of the thread's regions.
 * Makes no call outside the shim but _dl_find_object; safe in signals: level
 * is the caller's own.
 */
void walk_capture(
    struct thread *thread, int level, const struct arch_frame *frame, struct walk *walk);

/*
 * The same on level 0 of a thread whose events are plain ones, in two steps, of which the
 * first makes no call: it fills *walk, but for `at`, or is false, and the other has to.
 */
static inline bool walk_capture_known(
    struct thread *thread, const struct arch_frame *frame, struct walk *walk);
void walk_capture_new(struct thread *thread, const struct arch_frame *frame, struct walk *walk);

/* The region for a stack of that level whose outermost frame is at top. */
struct region *walk_place(struct thread *thread, int level, uint64_t top);

/* Another walker's turn (oracle.h): takes the place of the stack at `at` by the
 * frames given, innermost first; cells: the marks in their slots, NULL: none. */
void walk_replace(struct thread *thread, struct region *region, struct frame *frames,
    const uint32_t *cells, uint32_t count, struct walk *walk);

/* --- Private --- */
bool walk_verify_signals(const struct region *region, uint32_t *count);

static inline __attribute__((always_inline)) bool
walk_stands(const struct frame *frame)
{
	return __builtin_expect(*(const volatile uint64_t *)frame->slot == frame->pc, 1);
}

/*
 * Whether the remembered frames below `count` stand; if not, *count is the index
 * of the one that does not. Outward: where an inner frame stands, the next slot
 * is where a walk would look too. The outermost may be long unmapped.
 */
static inline __attribute__((always_inline)) bool
walk_verify(const struct region *region, uint32_t *count)
{
	const struct frame *frames = region->frames;
	const struct frame *at = frames + *count;

	if (__builtin_expect(region->signals, 0)) {
		uint32_t stand = *count; /* its own, so that the caller's is in a register */
		bool all = walk_verify_signals(region, &stand);

		*count = stand;
		return all;
	}
	/* By eight, then one by one from the eight that do not all stand. */
	for (; at >= frames + 8; at -= 8)
		if (!(walk_stands(&at[-1]) && walk_stands(&at[-2]) && walk_stands(&at[-3]) &&
			walk_stands(&at[-4]) && walk_stands(&at[-5]) && walk_stands(&at[-6]) &&
			walk_stands(&at[-7]) && walk_stands(&at[-8])))
			break;
	for (; at > frames; at--)
		if (!walk_stands(&at[-1])) {
			*count = (uint32_t)(at - 1 - frames);
			return false;
		}
	return true;
}

/*
 * Whether the stack's inner frames are known, and stand on the region's. Then it is the
 * region's, and *walk has what was kept: nothing was walked.
 */
static inline __attribute__((always_inline)) bool
walk_recall(const struct thread *thread, struct region *region, const struct arch_frame *frame,
    struct walk *walk)
{
	const struct memo *memo =
	    memo_find(thread->memos, thread->stamp, region->frames, region->depth, frame);
	const struct frame *from, *end;
	struct frame *to;
	uint32_t stand, old = region->depth;

	if (memo == NULL)
		return false;
	stand = memo->kept - 1;
	if (__builtin_expect(!walk_verify(region, &stand), 0))
		return false;
	from = memo->frames;
	end = from + memo->count;
	to = &region->frames[memo->kept];
	for (; from < end && to < &region->frames[old]; from++, to++)
		if (to->slot != from->slot || to->pc != from->pc ||
		    ((to->module & FRAME_RBP) != 0 && to->rbp != from->rbp))
			break;
	walk->kept = (uint16_t)(to - region->frames);
	walk->says_kept = region->forgot;
	walk->proved = UINT16_MAX;
	region->forgot = false;
	/* The same path again, but not the same frames. */
	if (from < end && to + 1 < &region->frames[old] && to->pc == from->pc &&
	    to->module == from->module)
		walk->says_kept = true;
	region->depth = memo->kept + memo->count;
	for (; from < end; from++, to++)
		*to = *from;
	return true;
}

static inline __attribute__((always_inline)) bool
walk_capture_known(struct thread *thread, const struct arch_frame *frame, struct walk *walk)
{
	struct region *region = thread->current;
	uint32_t flags;

	if (!walk_recall(thread, region, frame, walk))
		return false;
	flags = region->frames[0].module >> FRAME_FLAGS_SHIFT & (ESC_NODE_CUT | ESC_NODE_BROKEN);
	walk->cut = walk->broken = false;
	if (__builtin_expect(flags != 0, 0)) {
		walk->cut = (flags & ESC_NODE_CUT) != 0;
		walk->broken = (flags & ESC_NODE_BROKEN) != 0;
	}
	walk->region = region->number;
	/* That of a memo is not 0, and no deeper than a stack may be. */
	walk->stack = region->frames[region->depth - 1].id;
	return true;
}

#endif
