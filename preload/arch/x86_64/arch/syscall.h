/* System calls, clock and stack frames of x86-64. */
#ifndef ARCH_SYSCALL_H
#define ARCH_SYSCALL_H

static inline long
/* NOLINTNEXTLINE(readability-function-size): a system call has six arguments */
arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#endif
