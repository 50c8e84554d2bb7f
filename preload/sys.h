/*
 * Raw system calls: libc's wrappers are cancellation points, may be interposed,
 * and set errno. Used by the constructor only; hooks make none.
 */
#ifndef PRELOAD_SYS_H
#define PRELOAD_SYS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "arch/syscall.h"

/* All return the kernel's answer: a value, or -errno. */

/* Any of up to five arguments that a signal may cut short: until it was not. Not for
 * close, which has closed then. */
static inline long
sys_again(long nr, long a, long b, long c, long d, long e)
{
	long result;

	do
		result = arch_syscall(nr, a, b, c, d, e, 0);
	while (result == -4); /* EINTR */
	return result;
}

static inline long
sys_open(const char *path, int flags, int mode)
{
	return sys_again(SYS_openat, -100, (long)path, flags, mode, 0);
}

static inline long
sys_close(int fd)
{
	return arch_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
}

/* A core of the program is of the program; and of large ranges of which little
 * is touched no huge pages shall be made. */
static inline void *
sys_mmap(size_t size, int prot, int flags, int fd)
{
	long at = arch_syscall(SYS_mmap, 0, (long)size, prot, flags, fd, 0);

	if (at < 0 && at > -4096)
		return NULL;
	arch_syscall(SYS_madvise, at, (long)size, MADV_DONTDUMP, 0, 0, 0);
	if (fd < 0)
		arch_syscall(SYS_madvise, at, (long)size, MADV_NOHUGEPAGE, 0, 0, 0);
	return (void *)at;
}

static inline long
sys_munmap(void *at, size_t size)
{
	return arch_syscall(SYS_munmap, (long)at, (long)size, 0, 0, 0, 0);
}

#endif
