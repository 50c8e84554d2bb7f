/*
 * Makes a system call so often, in vain: strace's `when=N` counts in each process from
 * its first call on, and so can be made to hit one process and not another.
 *
 *   spend NUMBER TIMES PROGRAM [ARGUMENT...]
 *       and becomes the program: N up to TIMES is a call of its children alone. Built
 *       without the C library, whose start would make calls, too.
 *   SPEND="NUMBER TIMES" LD_PRELOAD=spend.so
 *       in a program called injected, before all constructors: N above TIMES is a call
 *       of that program alone
 */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "arch/syscall.h"

static long
spend_number(const char **text)
{
	long number = 0;

	while (**text == ' ')
		++*text;
	for (; **text >= '0' && **text <= '9'; ++*text)
		number = number * 10 + (**text - '0');
	return number;
}

static void
spend(const char *number_text, const char *times_text)
{
	long number = spend_number(&number_text);
	long times = spend_number(&times_text);

	for (long i = 0; i < times; i++)
		arch_syscall(number, -1, -1, -1, -1, -1, -1);
}

#ifdef SPEND_LIBRARY
/* Ours is the first constructor that runs: only relocation comes before it, and with it
 * what chooses an ifunc, when there is no libc yet to ask. */
static char spend_text[1 << 16];

static long
spend_read(const char *path)
{
	long fd = arch_syscall(SYS_openat, AT_FDCWD, (long)path, O_RDONLY, 0, 0, 0);
	long got =
	    arch_syscall(SYS_read, fd, (long)spend_text, (long)sizeof(spend_text) - 1, 0, 0, 0);

	arch_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
	spend_text[got > 0 ? got : 0] = 0;
	return got;
}

static int
spend_starts(const char *text, const char *with)
{
	while (*with != 0 && *text == *with)
		text++, with++;
	return *with == 0;
}

static void
spend_nothing(void)
{
}

__attribute__((used)) static void (*spend_choose(void))(void)
{
	long size;

	spend_read("/proc/self/comm");
	if (!spend_starts(spend_text, "injected"))
		return spend_nothing;
	size = spend_read("/proc/self/environ");
	for (long at = 0; at < size; at++)
		if ((at == 0 || spend_text[at - 1] == 0) &&
		    spend_starts(spend_text + at, "SPEND=")) {
			const char *what = spend_text + at + 6;

			while (*what >= '0' && *what <= '9')
				what++;
			spend(spend_text + at + 6, what);
		}
	return spend_nothing;
}

void spend_chosen(void) __attribute__((ifunc("spend_choose")));
void (*spend_pointer)(void) = spend_chosen;
#else
__attribute__((used)) static void
spend_main(char **stack)
{
	char **argv = stack + 1;
	char **envp = argv + (long)stack[0] + 1;

	if ((long)stack[0] >= 4) {
		spend(argv[1], argv[2]);
		arch_syscall(SYS_execve, (long)argv[3], (long)(argv + 3), (long)envp, 0, 0, 0);
	}
	arch_syscall(SYS_exit_group, 127, 0, 0, 0, 0, 0);
}

__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall spend_main");
#endif
