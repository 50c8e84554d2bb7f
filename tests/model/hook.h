/* The events that an actor writes. */
#ifndef TESTS_MODEL_HOOK_H
#define TESTS_MODEL_HOOK_H

#include <stdint.h>

#include "tests/model/model.h"

enum { HOOK_SIZE = 100, HOOK_OUTER = 0x100, HOOK_INNER = 0x1000 };

static inline uint64_t
hook_address(unsigned int actor, uint32_t n)
{
	return (actor + 1ULL) << 16 | n << 8;
}

/* When it happens, before a reader takes the time. */
static inline uint64_t
hook_time(uint32_t n)
{
	return MODEL_TIME + ((uint64_t)n << 9);
}

#define hook_inner(n) (HOOK_INNER + 16 * ((n) % scene->stacks))

#endif
