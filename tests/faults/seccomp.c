/*
 * Hazard: a seccomp filter that kills (reliability 58). Expected: the shim makes
 * no system call after start, neither for events nor for new threads: only what
 * glibc itself needs for allocating, threads, output and exit is allowed here.
 * With "errno" as argument unexpected calls fail instead of killing.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define ALLOW(number)                                        \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), \
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

enum { THREADS = 24, ROUNDS = 20000 };

static void
install(unsigned int action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_brk),
		ALLOW(SYS_mmap),
		ALLOW(SYS_munmap),
		ALLOW(SYS_mprotect),
		ALLOW(SYS_mremap),
		ALLOW(SYS_madvise),
		ALLOW(SYS_futex),
		ALLOW(SYS_clone),
		ALLOW(SYS_clone3),
		ALLOW(SYS_rt_sigprocmask),
		ALLOW(SYS_set_robust_list),
		ALLOW(SYS_rseq),
		ALLOW(SYS_exit),
		ALLOW(SYS_exit_group),
		ALLOW(SYS_write),
		BPF_STMT(BPF_RET | BPF_K, action),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(*code), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		exit(77);
}

static void *
work(void *arg)
{
	size_t done = 0;

	for (int i = 0; i < ROUNDS; i++) {
		char *p = malloc((size_t)(i % 700));

		p = realloc(p, (size_t)(i % 900) + 1);
		done += p != NULL;
		free(p);
	}
	*(size_t *)arg = done;
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t thread[THREADS];
	size_t done[THREADS] = { 0 }, sum = 0;

	/* What glibc asks the kernel once: stdio's buffer, signals, processors. */
	puts("start");
	fflush(stdout);
	pthread_create(&thread[0], NULL, work, &done[0]);
	pthread_join(thread[0], NULL);
	install(argc > 1 && strcmp(argv[1], "errno") == 0 ? SECCOMP_RET_ERRNO | EPERM
							  : SECCOMP_RET_KILL_PROCESS);
	for (int round = 0; round < THREADS; round += 4) {
		for (int i = round; i < round + 4; i++)
			pthread_create(&thread[i], NULL, work, &done[i]);
		for (int i = round; i < round + 4; i++)
			pthread_join(thread[i], NULL);
	}
	for (int i = 0; i < THREADS; i++)
		sum += done[i];
	printf("%zu\n", sum);
	return 0;
}
