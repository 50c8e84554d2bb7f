/* Random numbers of a test, the same in each run: xorshift64 (Marsaglia, 2003). */
#ifndef TESTS_LIB_DRAW_H
#define TESTS_LIB_DRAW_H

#include <stdint.h>

static uint64_t draw_state = 0x9e3779b97f4a7c15U; /* never 0 */

/* From 0 to below - 1; below is not 0. */
static inline unsigned
draw(unsigned below)
{
	draw_state ^= draw_state << 13;
	draw_state ^= draw_state >> 7;
	draw_state ^= draw_state << 17;
	return (unsigned)(draw_state >> 33) % below;
}

#endif
