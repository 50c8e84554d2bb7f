/*
 * In a flight recorder: what processes that are gone have left. A writer says of
 * each segment but its last one that it has left it, and a process that ends has no
 * time to say so of the last.
 */
#ifndef KEEPER_RECLAIM_H
#define KEEPER_RECLAIM_H

#include <stdint.h>

#include "preload/record.h"

/*
 * Lets the open segments of processes that are gone for certain be used again; `trace`
 * is all of it, `size` bytes, mapped for reading and writing. Returns how many. Where
 * it cannot be told who lives, nothing is done.
 */
unsigned reclaim_segments(uint8_t *trace, uint64_t size);

/* The time of the last event in a segment's payload of `used` bytes, in ticks. */
uint64_t reclaim_end(
    const struct esc_header *header, const struct esc_segment *segment, const uint8_t *payload);

#endif
