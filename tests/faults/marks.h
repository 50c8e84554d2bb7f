/*
 * What the programs for return marks share: each of their functions allocates,
 * so that its return address, and its callers', are marked when it is left.
 */
#ifndef ESC_TESTS_FAULTS_MARKS_H
#define ESC_TESTS_FAULTS_MARKS_H

#include <stdlib.h>

#define NOINLINE __attribute__((noinline, noclone))
#if defined(__clang__)
#undef NOINLINE
#define NOINLINE __attribute__((noinline))
#endif

/* Marks the frames of its callers. */
static NOINLINE __attribute__((unused)) void
touch(void)
{
	void *volatile block = malloc(24);

	free(block);
	__asm__ volatile("" : : : "memory");
}

#endif
