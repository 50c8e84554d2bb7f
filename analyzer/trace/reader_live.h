/* Whether a trace is still written, and what its clock says now. */
#ifndef TRACE_READER_LIVE_H
#define TRACE_READER_LIVE_H

#include <stdbool.h>
#include <stdint.h>

struct esc_moment;

/*
 * Whether processes that write the trace behind fd live; flags are those of its
 * header, not complete. Waits, at most 2 s, while it is being closed. Takes and
 * gives back a lock that only the keeper looks at, and then tries again.
 */
bool reader_live_wait(int fd, uint32_t flags);

/* The moment that it is now on the clocks of the trace behind fd. False: cannot
 * be told yet. Waits, at most 200 ms, until the keeper has told the time. */
bool reader_live_now(int fd, struct esc_moment *now);

#endif
