/*
 * Runs a program that nobody tells its own name: no AT_EXECFN among what the kernel
 * passes to it (it is taken out at each exec), no /proc/self/exe (readlinkat fails).
 * Its status is the program's, in the shell's terms.
 */
#include <elf.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static void
run(char **argv)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_readlinkat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOENT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(99);
	execvp(argv[0], argv);
	_exit(99);
}

static unsigned long
word(pid_t pid, unsigned long at)
{
	return (unsigned long)ptrace(PTRACE_PEEKDATA, pid, (void *)at, NULL);
}

/* Behind argc, argv, NULL, envp and NULL stands the auxiliary vector. */
static void
forget(pid_t pid)
{
	struct user_regs_struct regs;
	unsigned long at;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) != 0)
		exit(99);
	at = regs.rsp + 8 * (word(pid, regs.rsp) + 2);
	while (word(pid, at) != 0)
		at += 8;
	for (at += 8; word(pid, at) != AT_NULL; at += 16)
		if (word(pid, at) == AT_EXECFN)
			ptrace(PTRACE_POKEDATA, pid, (void *)at, (void *)AT_IGNORE);
}

int
main(int argc, char **argv)
{
	pid_t pid = argc > 1 ? fork() : -1;
	int status, pass;

	if (pid == 0)
		run(argv + 1);
	while (pid > 0 && waitpid(pid, &status, 0) == pid) {
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		/* Without PTRACE_O_TRACEEXEC an exec is a SIGTRAP. */
		pass = WSTOPSIG(status);
		if (pass == SIGTRAP) {
			forget(pid);
			pass = 0;
		}
		ptrace(PTRACE_CONT, pid, NULL, (void *)(long)pass);
	}
	return 99;
}
