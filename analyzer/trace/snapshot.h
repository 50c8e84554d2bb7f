/*
 * A copy of a flight recorder's trace that is still written: nothing in it changes
 * any more while it is read.
 */
#ifndef TRACE_SNAPSHOT_H
#define TRACE_SNAPSHOT_H

#include "preload/record.h"

struct err;

/*
 * Copies the trace open at fd, whose header is `head` (checked), into memory.
 * Segments that were overwritten meanwhile are left out; `head` becomes that of the
 * copy, which says from when on it is complete. Returns a descriptor that the caller
 * closes, or -1 with err set.
 */
int snapshot_take(int fd, struct esc_header *head, struct err *err);

#endif
