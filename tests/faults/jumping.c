/*
 * Hazard: jumps over frames whose return addresses are marks: so often that a
 * thread's marks run out, out of handlers, out of recursion, and code that calls
 * setjmp in each frame. Argument: which.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/faults/marks.h"

static jmp_buf outer;
static sigjmp_buf from_handler;
static volatile long returned, jumped;
static volatile sig_atomic_t armed;

NOINLINE static long
frame(int depth, int target)
{
	char *block = malloc((size_t)depth + 8);
	long result;

	touch();
	if (depth == 0) {
		free(block);
		if (target != 0)
			longjmp(outer, target);
		return 1;
	}
	free(block);
	result = frame(depth - 1, target) + 1;
	touch();
	returned++;
	return result;
}

/* 200,000 jumps: 2 million lost frames. */
static int
often(void)
{
	for (int round = 0; round < 200000; round++) {
		int value = setjmp(outer);

		if (value == 0)
			frame(round % 20, round % 100 + 1);
		else
			jumped += value;
		if (round % 1000 == 0)
			jumped += frame(10, 0);
	}
	return printf("often %ld %ld\n", returned, jumped) < 0;
}

/* A setjmp in each frame; the jumps go up some frames, not all. */
NOINLINE static long
ladder(int depth, jmp_buf *up, int *seed)
{
	jmp_buf mine;
	volatile long result = depth;
	char *volatile block = malloc(24);

	touch();
	if (depth > 0) {
		int value = setjmp(mine);

		if (value < 3) {
			touch();
			*seed = *seed * 1103515245 + 12345;
			result += ladder(depth - 1, (*seed >> 16) % 3 == 0 ? up : &mine, seed);
		} else {
			result += value;
		}
	} else {
		free(block);
		touch();
		longjmp(*up, 1 + (*seed >> 20 & 3));
	}
	touch();
	free(block);
	return result;
}

static int
heavy(void)
{
	jmp_buf top;
	static int seed = 7;
	static volatile long sum;

	for (volatile int round = 0; round < 3000; round++) {
		if (setjmp(top) == 0)
			sum += ladder(round % 9 + 1, &top, &seed);
		else
			sum += 100000;
		touch();
	}
	return printf("heavy %ld\n", sum) < 0;
}

static void
on_signal(int number)
{
	touch();
	if (armed) {
		armed = 0;
		siglongjmp(from_handler, number);
	}
}

static int
install(int number, int flags)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	action.sa_flags = flags;
	return sigaction(number, &action, NULL);
}

NOINLINE static long
raiser(int depth)
{
	long result;

	touch();
	if (depth == 0) {
		raise(SIGUSR1);
		return 1;
	}
	result = raiser(depth - 1) + 1;
	touch();
	return result;
}

static int
handlers(void)
{
	static char other[65536];
	stack_t stack = { .ss_sp = other, .ss_size = sizeof(other) };
	volatile long sum = 0;

	sigaltstack(&stack, NULL);
	for (volatile int round = 0; round < 20000; round++) {
		install(SIGUSR1, round % 2 != 0 ? SA_ONSTACK : 0);
		if (sigsetjmp(from_handler, 1) == 0) {
			armed = round % 3 != 0;
			sum += raiser(round % 15);
		} else {
			sum += 1000;
		}
	}
	return printf("handlers %ld\n", sum) < 0;
}

/* At any moment, in the middle of a mark too. */
static int
storm(void)
{
	struct itimerval timer = { { 0, 1000 }, { 0, 1000 } };
	volatile long got = 0;

	install(SIGALRM, 0);
	setitimer(ITIMER_REAL, &timer, NULL);
	while (got < 500) {
		if (sigsetjmp(from_handler, 1) != 0) {
			got++;
			continue;
		}
		/* frame() would be left inside malloc: this one only returns. */
		armed = 0;
		for (int i = 0; i < 20; i++)
			frame(i, 0);
		armed = 1;
		for (volatile int i = 0; i < 1000000 && armed; i++)
			;
	}
	timer.it_value.tv_usec = timer.it_interval.tv_usec = 0;
	setitimer(ITIMER_REAL, &timer, NULL);
	return printf("storm %d\n", got >= 500) < 0;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} cases[] = {
		{ "often", often },
		{ "heavy", heavy },
		{ "handlers", handlers },
		{ "storm", storm },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (argc == 2 && strcmp(argv[1], cases[i].name) == 0)
			return cases[i].run();
	return 2;
}
