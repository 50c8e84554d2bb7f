/*
 * Definitions that are read while others are written. A claim is zero until its length
 * stands in its first slot. A copy may have that slot as it was before, and those behind
 * it as they became since: these would be taken for definitions.
 */
#ifndef TRACE_SETTLE_H
#define TRACE_SETTLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * bytes: `used` bytes of definitions that were read from offset of fd before, a multiple
 * of ESC_SLOT. Claims that have begun since then are made PENDING ones, to be stepped over.
 * What cannot be read stays as it is.
 */
void settle_definitions(int fd, uint64_t offset, uint8_t *bytes, size_t used);

#endif
