/*
 * Raw system calls: libc's wrappers are cancellation points, may be interposed,
 * and set errno. Used by the constructor only; hooks make none.
 */
#ifndef PRELOAD_SYS_H
#define PRELOAD_SYS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "arch/syscall.h"

/* All return the kernel's answer: a value, or -errno. */
static inline long
sys_open(const char *path, int flags, int mode)
{
	return arch_syscall(SYS_openat, -100, (long)path, flags, mode, 0, 0);
}

static inline long
sys_close(int fd)
{
	return arch_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
}

static inline void *
sys_mmap(size_t size, int prot, int flags, int fd)
{
	long at = arch_syscall(SYS_mmap, 0, (long)size, prot, flags, fd, 0);

	return at < 0 && at > -4096 ? NULL : (void *)at;
}

static inline long
sys_munmap(void *at, size_t size)
{
	return arch_syscall(SYS_munmap, (long)at, (long)size, 0, 0, 0, 0);
}

#endif
