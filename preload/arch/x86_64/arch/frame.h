/* Where a hook was called from, and what the processor tells about it. */
#ifndef ARCH_FRAME_H
#define ARCH_FRAME_H

#include <stdint.h>

/* Ticks to a unit of time in the trace, as a power of 2: 4 to 8 ns. Longer than the
 * order of two clocks is known, shorter than a block's way to another processor. */
enum { ARCH_TIME_SHIFT = 4 };

enum { ARCH_REGISTERS = 17, ARCH_RSP = 7, ARCH_RBP = 6, ARCH_RA = 16 };

/*
 * The caller of a hook. slot is the address of the hook's return address, pc its
 * value, rbp the caller's frame pointer register at the call.
 */
struct arch_frame {
	uint64_t slot;
	uint64_t pc;
	uint64_t rbp;
};

/* In a hook, which is compiled with a frame pointer. */
#define ARCH_FRAME()                                                    \
	((struct arch_frame){ (uint64_t)__builtin_frame_address(0) + 8, \
	    ((const uint64_t *)__builtin_frame_address(0))[1],          \
	    ((const uint64_t *)__builtin_frame_address(0))[0] })

/* All registers of the calling function, DWARF numbers, for the slow walk. */
static inline __attribute__((always_inline)) void
arch_registers(uint64_t regs[ARCH_REGISTERS])
{
	__asm__ volatile("movq %%rbx, 24(%0)\n\t"
			 "movq %%rbp, 48(%0)\n\t"
			 "movq %%rsp, 56(%0)\n\t"
			 "movq %%r12, 96(%0)\n\t"
			 "movq %%r13, 104(%0)\n\t"
			 "movq %%r14, 112(%0)\n\t"
			 "movq %%r15, 120(%0)\n\t"
			 "leaq 0(%%rip), %%rax\n\t"
			 "movq %%rax, 128(%0)"
			 :
			 : "r"(regs)
			 : "rax", "memory");
}

/* The thread pointer; glibc puts it at the top of a thread's stack mapping. */
static inline uint64_t
arch_thread_pointer(void)
{
	uint64_t tp;

	__asm__("movq %%fs:0, %0" : "=r"(tp));
	return tp;
}

static inline uint64_t
arch_ticks(void)
{
	return __builtin_ia32_rdtsc();
}

/* One instruction: a signal's handler may add too, at any moment. */
static inline void
arch_add(uint64_t *to, uint64_t n)
{
	__asm__("addq %1, %0" : "+m"(*to) : "er"(n) : "cc");
}

/* The same: one less; whether that is 0 or below. */
static inline int
arch_count_down(int32_t *n)
{
	int out;

	__asm__("decl %0" : "+m"(*n), "=@ccle"(out));
	return out;
}

/* The number of the highest bit that is set in value, which is not 0. Not the builtin,
 * which is an int: it costs one more instruction wherever it is an index. */
static inline uint64_t
arch_highest(uint64_t value)
{
	uint64_t bit;

	__asm__("bsrq %1, %0" : "=r"(bit) : "r"(value) : "cc");
	return bit;
}

static inline void
arch_pause(void)
{
	__builtin_ia32_pause();
}

/* Whether ticks run at one rate, in step on all processors (CPUID 0x80000007). */
static inline int
arch_ticks_invariant(void)
{
	uint32_t a = 0x80000000U, b, c, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	if (a < 0x80000007U)
		return 0;
	a = 0x80000007U;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	return (int)(d >> 8 & 1);
}

#endif
