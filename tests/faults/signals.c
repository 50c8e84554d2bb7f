/*
 * Hazard: signals that allocate at any moment, 8 KiB signal stacks out of
 * malloc, siglongjmp out of handlers, cancellation, errno (reliability 19, 33 to
 * 36). Argument: which. Expected: exact counts, no hang, no damage.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t taken;
static sigjmp_buf jump;
static char *volatile bait;

static void
on_timer(int number)
{
	int saved = errno;

	(void)number;
	taken++;
	free(malloc(77));
	errno = saved;
}

static void
arm(int microseconds, int flags)
{
	struct sigaction action;
	struct itimerval timer = { { 0, microseconds }, { 0, microseconds } };

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_timer;
	action.sa_flags = flags | SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* With bump.c in glibc's place: that one may be interrupted. */
static int
storm(void)
{
	arm(50, 0);
	for (int i = 0; i < 300000 || taken < 200; i++)
		free(malloc((size_t)(i % 300)));
	arm(0, 0);
	return printf("%d\n", taken >= 200) < 0;
}

/* Their stacks are blocks: what runs over them is seen. */
static int
stacks(void)
{
	enum { STACKS = 8, SIZE = 8192 };
	char *before[STACKS], *after[STACKS];

	for (int i = 0; i < STACKS; i++) {
		stack_t stack = { .ss_size = SIZE };

		before[i] = malloc(64);
		stack.ss_sp = malloc(SIZE);
		after[i] = malloc(64);
		memset(before[i], 0x5a, 64);
		memset(after[i], 0x5a, 64);
		sigaltstack(&stack, NULL);
		arm(0, SA_ONSTACK);
		for (int k = 0; k < 50; k++)
			raise(SIGALRM);
		for (int k = 0; k < 64; k++)
			if (before[i][k] != 0x5a || after[i][k] != 0x5a)
				return 1;
		stack.ss_flags = SS_DISABLE;
		free(stack.ss_sp);
		sigaltstack(&stack, NULL);
	}
	for (int i = 0; i < STACKS; i++) {
		free(before[i]);
		free(after[i]);
	}
	return printf("%d\n", (int)taken) < 0;
}

static void
on_fault(int number)
{
	free(malloc((size_t)number));
	siglongjmp(jump, 1);
}

__attribute__((noinline)) static void
fault(int depth)
{
	char *volatile p = malloc((size_t)depth + 1);

	free(p);
	if (depth == 0)
		*bait = 1;
	fault(depth - 1);
	bait += 0;
}

static int
jumps(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_fault;
	action.sa_flags = SA_NODEFER;
	sigaction(SIGSEGV, &action, NULL);
	bait = NULL;
	for (volatile int i = 0; i < 500; i++) {
		if (sigsetjmp(jump, 1) == 0)
			fault(i % 30);
		free(malloc(99));
	}
	return puts("500 jumps") < 0;
}

static void *
endless(void *arg)
{
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
	pthread_barrier_wait(arg);
	for (;;) {
		for (int i = 0; i < 100; i++)
			free(malloc((size_t)i));
		pthread_testcancel();
	}
	return NULL;
}

static void *
never(void *arg)
{
	pthread_barrier_wait(arg);
	/* No cancellation point: malloc must not be one. */
	for (int i = 0; i < 20000; i++)
		free(malloc((size_t)(i % 100)));
	return (void *)1;
}

static int
cancels(void)
{
	int ended = 0, cancelled = 0;

	for (int i = 0; i < 50; i++) {
		pthread_barrier_t barrier;
		pthread_t thread[2];
		void *result;

		pthread_barrier_init(&barrier, NULL, 3);
		pthread_create(&thread[0], NULL, endless, &barrier);
		pthread_create(&thread[1], NULL, never, &barrier);
		pthread_barrier_wait(&barrier);
		pthread_cancel(thread[0]);
		pthread_cancel(thread[1]);
		pthread_join(thread[0], &result);
		cancelled += result == PTHREAD_CANCELED;
		pthread_join(thread[1], &result);
		ended += result == (void *)1;
		pthread_barrier_destroy(&barrier);
	}
	return printf("%d ended, %d cancelled\n", ended, cancelled) < 0;
}

static int
errnos(void)
{
	int wrong = 0;

	for (int i = 0; i < 100000; i++) {
		void *p;

		errno = i % 130;
		p = malloc((size_t)(i % 3000));
		wrong += errno != i % 130;
		p = realloc(p, (size_t)(i % 4000) + 1);
		wrong += errno != i % 130;
		free(p);
		wrong += errno != i % 130;
	}
	return printf("%d wrong\n", wrong) < 0;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "storm") == 0)
		return storm();
	if (strcmp(what, "stacks") == 0)
		return stacks();
	if (strcmp(what, "jumps") == 0)
		return jumps();
	if (strcmp(what, "cancels") == 0)
		return cancels();
	return errnos();
}
