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

/* The region for a stack of that level whose outermost frame is at top. */
struct region *walk_place(struct thread *thread, int level, uint64_t top);

/* Another walker's turn (oracle.h): takes the place of the stack at `at` by the
 * frames given, innermost first; cells: the marks in their slots, NULL: none. */
void walk_replace(struct thread *thread, struct region *region, struct frame *frames,
    const uint32_t *cells, uint32_t count, struct walk *walk);

#endif
