/* Functions that never come back: what stands behind their calls is not reached; or more
 * than once. */
#ifndef FLOW_RETURNS_H
#define FLOW_RETURNS_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/flow/flow.h"

/* By its name: abort, __cxa_throw ... NULL: false. */
bool returns_never_named(const char *name);
/* By its code: no way through it leads to a return, or out. False where that is not
 * plain to see at once. Remembered in source->returns, if that is there. */
bool returns_never(const struct flow_source *source, uint64_t entry);
/* It reads its own return address, as a setjmp by another name does: its call may come
 * back again. Remembered as well. */
bool returns_address_kept(const struct flow_source *source, uint64_t entry);

#endif
