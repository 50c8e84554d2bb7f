/* One event of a thread, on its way from the hook to the ring. */
#ifndef PRELOAD_EVENT_H
#define PRELOAD_EVENT_H

#include <stdint.h>

#include "preload/ring.h"
#include "preload/thread.h"
#include "preload/walk.h"

/* Counts it; each event once, whether it can be written or not. A step is none, nor is
 * what a pool does with its memory. */
static inline void
event_count(const struct thread *thread, uint32_t kind, uint64_t size)
{
	struct esc_counters *counters = thread->counters;

	if (kind < ESC_EVENT_FREE) {
		thread_count(thread, &counters->allocations, 1);
		thread_count(thread, &counters->bytes, size);
	} else if (kind < ESC_EVENT_STEP) {
		thread_count(thread, &counters->frees, 1);
	}
}

/* What the walk found goes into the event. */
static inline void
event_fill(struct event *event, const struct walk *walk)
{
	event->stack = walk->stack;
	event->region = walk->region;
	if (__builtin_expect(walk->says_kept, 0)) {
		event->flags |= ESC_CONTROL_KEPT;
		event->kept = walk->kept;
		if (__builtin_expect(walk->proved < walk->kept, 0)) {
			event->kept |= ESC_KEPT_PROVED;
			event->proved = walk->proved;
		}
	}
}

#endif
