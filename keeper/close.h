/* Puts the segments of a trace in order when nobody writes them any more. */
#ifndef KEEPER_CLOSE_H
#define KEEPER_CLOSE_H

#include <stdint.h>

struct esc_header;

/*
 * Walks the segments below `claimed`: gives back the pages that they never
 * used, cuts the last one behind its contents, turns claims that their thread
 * did not live to begin into empty segments, gives each its sums. `end` gets where the trace ends.
 * Returns 0, or -1 with errno where the file could not be read or written: what
 * cannot be read is no empty claim, and from there on all is left as it is.
 */
int close_segments(int fd, uint64_t claimed, uint64_t *end);

/* The sum of the header, ESC_HEADER_SIZE bytes, as it will be with ESC_FLAG_COMPLETE. */
uint32_t close_header_sum(const struct esc_header *header);

#endif
