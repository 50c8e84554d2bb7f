/*
 * mlockall, taken from the program beside the malloc family:
 * the kernel brings all that is mapped into memory for it, and of what we have mapped
 * most is address space that nobody will ever touch, tens of gigabytes. What is mapped
 * by then is locked when it is touched; what is mapped later as the program asks.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>

#include "preload/ring.h"
#include "preload/sys.h"

#define LOCK_EXPORT __attribute__((visibility("default")))

LOCK_EXPORT int
mlockall(int flags)
{
	long result;

	if (ring.header == NULL || (flags & MCL_CURRENT) == 0) {
		result = arch_syscall(SYS_mlockall, flags, 0, 0, 0, 0, 0);
	} else {
		result = arch_syscall(SYS_mlockall, flags | MCL_ONFAULT, 0, 0, 0, 0, 0);
		/* This one leaves alone what is mapped. */
		if (result == 0 && (flags & MCL_FUTURE) != 0)
			result = arch_syscall(SYS_mlockall, flags & ~MCL_CURRENT, 0, 0, 0, 0, 0);
	}
	if (result == 0)
		return 0;
	errno = (int)-result;
	return -1;
}
