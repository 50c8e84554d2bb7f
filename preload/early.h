/*
 * Events of before the constructor wait in a static block until there is a trace.
 * All functions may be called at any time, but early_replay: once, by it.
 */
#ifndef PRELOAD_EARLY_H
#define PRELOAD_EARLY_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/frame.h"

struct thread;

/* Keeps it; what there is no room for is counted. */
void early_note(uint32_t kind, uint64_t address, uint64_t size, const struct arch_frame *frame);

/* Whether block is one of before the constructor: glibc made it. */
bool early_has(const void *block);

/* Writes them as the thread's; known by their callers alone. NULL: they are lost. */
void early_replay(struct thread *thread);

#endif
