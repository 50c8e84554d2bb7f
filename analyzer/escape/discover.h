/*
 * Wrappers that the program defines itself: functions that hand out what they got
 * from malloc, found by what they did in a run.
 */
#ifndef ESCAPE_DISCOVER_H
#define ESCAPE_DISCOVER_H

#include <stddef.h>

struct escape;
struct wrappers;

/*
 * Adds those of a run that has ended to wrappers, and theirs (a strdup on top of a
 * malloc of one's own) with them. Returns how many; the frames still say what they
 * said before: logical_find_wrappers, then the trace once more.
 *
 * All of these hold for one:
 * - it calls the malloc family, or other wrappers, and no function of its own that
 *   allocates;
 * - DISCOVER_CALLS call sites in DISCOVER_CALLERS functions called it, for
 *   DISCOVER_BLOCKS blocks or more;
 * - where its code can be read, every way through it comes by one of the calls that
 *   allocate, of which there are few, or by one through a pointer in their place (a
 *   hook that the program may set), or returns NULL (no size, no string), if it makes
 *   one of these calls at most and returns more than numbers then; it is no
 *   constructor, and not inlined everywhere;
 * - its blocks have DISCOVER_SIZES sizes or more: a factory, which makes one kind
 *   of thing, has one size, and advice about it is advice about what it makes;
 * - none of its blocks is proved to have been freed in the activation that
 *   allocated it, and nearly none (1 in 20) may have been.
 */
size_t discover_wrappers(struct escape *escape, struct wrappers *wrappers);

enum {
	DISCOVER_BLOCKS = 20,
	DISCOVER_CALLS = 4,
	DISCOVER_CALLERS = 3,
	DISCOVER_SIZES = 3,
};

#endif
