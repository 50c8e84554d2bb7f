/* In place of preload/arch: clock, thread pointer and pause are the model's. */
#ifndef ARCH_FRAME_H
#define ARCH_FRAME_H

#include <stdint.h>

enum { ARCH_TIME_SHIFT = 4 };

enum { ARCH_REGISTERS = 17, ARCH_RSP = 7, ARCH_RBP = 6, ARCH_RA = 16 };

struct arch_frame {
	uint64_t slot;
	uint64_t pc;
	uint64_t rbp;
};

/* The actor's thread pointer. */
uint64_t arch_thread_pointer(void);

/* The model's time. */
uint64_t arch_ticks(void);

/* One instruction: no signal comes in between. */
void arch_add(uint64_t *to, uint64_t n);

static inline uint64_t
arch_highest(uint64_t value)
{
	return 63U ^ (unsigned int)__builtin_clzll(value);
}

/* Nothing changes for a while: something else happens, or patience ends. */
void arch_pause(void);

#endif
