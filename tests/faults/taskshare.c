/*
 * Hazard: two tasks with one thread pointer (raw clone(CLONE_VM) without CLONE_SETTLS),
 * each on a stack of its own (reliability 20). They allocate in turns, which glibc can
 * bear: every event is counted and right. (At the same time it cannot, nor can we: what a
 * thread remembers is plain memory that one task writes.)
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { ROUNDS = 20, EVENTS = 2000, TURN = 20 };

static int turn;

struct task {
	int number, wrong;
};

static void
wait_turn(int number)
{
	while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != number)
		sched_yield();
}

__attribute__((noinline)) static int
use(int i)
{
	size_t size = (size_t)i % 500 + 16;
	unsigned char *block = malloc(size);
	int wrong;

	memset(block, i, size);
	wrong = block[0] != (unsigned char)i || block[size - 1] != (unsigned char)i;
	free(block);
	return wrong;
}

static int
work(void *arg)
{
	struct task *task = arg;

	for (int i = 0; i < EVENTS; i++) {
		if (i % TURN == 0)
			wait_turn(task->number);
		task->wrong += use(i);
		if (i % TURN == TURN - 1)
			__atomic_store_n(&turn, !task->number, __ATOMIC_RELEASE);
	}
	return 0;
}

int
main(void)
{
	static char stack[256 << 10] __attribute__((aligned(16)));
	int sum = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct task ours = { 0, 0 }, theirs = { 1, 0 };
		pid_t child = clone(work, stack + sizeof(stack), CLONE_VM | SIGCHLD, &theirs);
		int status = 0;

		work(&ours);
		waitpid(child, &status, 0);
		sum += theirs.wrong + ours.wrong + status;
	}
	return printf("%d\n", sum) < 0;
}
