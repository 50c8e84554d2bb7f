/*
 * The kernel's clocks, by its own function in the vDSO, which makes no system call: what
 * libc has by that name another preload may have replaced by one that allocates, locks
 * and lies. Safe in signal handlers.
 */
#ifndef PRELOAD_CLOCK_H
#define PRELOAD_CLOCK_H

#include <stdint.h>
#include <time.h>

/* 0, or a negative error. Until clock_start a system call. */
extern int (*clock_real)(clockid_t clock, struct timespec *now);

/* The processor that the caller runs on; NULL: unknown. */
extern int (*clock_getcpu)(unsigned int *cpu, unsigned int *node, void *unused);

/* Constructor. vdso: where the kernel mapped it (AT_SYSINFO_EHDR); 0: nowhere, and each
 * clock_now is a system call. */
void clock_start(uint64_t vdso);

/* Nanoseconds. */
static inline uint64_t
clock_now(clockid_t clock)
{
	struct timespec now = { 0, 0 };

	clock_real(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

#endif
