/* What the pattern programs share. */
#ifndef TRUTH_H
#define TRUTH_H

#include <stdlib.h>

#define NOINLINE __attribute__((noinline))
/* A use that no compiler leaves out and that gives the pointer to nobody. */
#define USE(p) (*(volatile char *)(p) += 1)
/* Keeps a call from becoming a jump. */
#define BEHIND() __asm__ volatile("" : : : "memory")

enum { CALLS = 10000 };

#endif
