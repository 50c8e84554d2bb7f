/* In place of preload/arch: the constructor's system calls, of which the model
 * has mmap alone. */
#ifndef ARCH_SYSCALL_H
#define ARCH_SYSCALL_H

long arch_syscall(long nr, long a, long b, long c, long d, long e, long f);

#endif
