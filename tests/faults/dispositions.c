/*
 * Hazard: a profiler that takes signals, masks or timers for itself (reliability 37).
 * Expected: dispositions, masks, pending signals, the signal stack and timers of each
 * thread are native's, at the start, after work and in a child; each signal's default
 * still ends a child.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static void
state(const char *when)
{
	struct itimerval timer;
	struct sigaction action;
	sigset_t mask, pending;
	stack_t stack;
	int sum = 0;

	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	sigpending(&pending);
	sigaltstack(NULL, &stack);
	for (int i = 1; i < 65; i++) {
		if (sigaction(i, NULL, &action) == 0)
			sum +=
			    i * (action.sa_handler == SIG_IGN ? 2 : action.sa_handler != SIG_DFL);
		sum +=
		    1000 * (sigismember(&mask, i) == 1) + 100000 * (sigismember(&pending, i) == 1);
	}
	printf("%s: %d, stack %d", when, sum, stack.ss_flags == SS_DISABLE);
	for (int i = ITIMER_REAL; i <= ITIMER_PROF; i++) {
		getitimer(i, &timer);
		printf(" %d", timer.it_value.tv_sec == 0 && timer.it_value.tv_usec == 0);
	}
	putchar('\n');
	fflush(stdout);
}

static void *
work(void *arg)
{
	state(arg == NULL ? "thread" : arg);
	for (int i = 0; i < 20000; i++)
		free(malloc((size_t)i % 3000));
	state(arg == NULL ? "thread" : arg);
	return NULL;
}

int
main(void)
{
	struct rlimit none = { 0, 0 };
	pthread_t thread;
	int status;

	work((void *)"main");
	pthread_create(&thread, NULL, work, NULL);
	pthread_join(thread, NULL);
	setrlimit(RLIMIT_CORE, &none);
	for (int number = 1; number < 65; number++) {
		pid_t child = fork();

		if (child == 0) {
			free(malloc(100));
			raise(number);
			free(malloc(100));
			_exit(number);
		}
		if (waitpid(child, &status, WUNTRACED) > 0 && WIFSTOPPED(status)) {
			kill(child, SIGKILL);
			waitpid(child, NULL, 0);
		}
		printf("%d: %d\n", number, status);
	}
	state("end");
	return 0;
}
