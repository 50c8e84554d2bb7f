/*
 * Hazard: two tasks with one thread pointer (raw clone(CLONE_VM) without CLONE_SETTLS),
 * each on a stack of its own (reliability 20).
 *
 *	turns     20 events each in turn: the other's stack is new each time
 *	lock      a lock around each call, which goes back and forth as it comes
 *	together  at the same time. glibc bears that with GLIBC_TUNABLES=
 *	          glibc.malloc.tcache_count=0 alone, and where it knows of a thread
 *	unseen    the same, and no preloaded clone sees how they are made
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { ROUNDS = 20, EVENTS = 2000, TURN = 20, KEPT = 64, DEEP = 12 };

int __clone(int (*)(void *), void *, int, void *, ...);

static int turn;
static bool lock, locked;

struct task {
	int number, wrong;
	unsigned char *kept[KEPT];
};

static void
wait_turn(int number)
{
	while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != number)
		sched_yield();
}

static void
take(void)
{
	while (lock && __atomic_exchange_n(&locked, true, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void
give(void)
{
	if (lock)
		__atomic_store_n(&locked, false, __ATOMIC_RELEASE);
}

/* From another depth each time. */
__attribute__((noinline)) static unsigned char *
make(size_t size, int deep)
{
	unsigned char *block;

	if (deep > 0) {
		block = make(size, deep - 1);
		__asm__ volatile("" : "+r"(block));
		return block;
	}
	take();
	block = malloc(size);
	give();
	return block;
}

__attribute__((noinline)) static int
use(struct task *task, int i)
{
	size_t size = (size_t)i % 500 + 16;
	unsigned char *block = make(size, i % DEEP);
	unsigned char **kept = &task->kept[i % KEPT];
	unsigned char mark = (unsigned char)(i + task->number * 101);
	int wrong;

	memset(block, mark, size);
	sched_yield();
	wrong = block[0] != mark || block[size - 1] != mark;
	take();
	free(*kept);
	give();
	*kept = block;
	return wrong;
}

static int
work(void *arg)
{
	struct task *task = arg;

	for (int i = 0; i < EVENTS; i++) {
		if (turn >= 0 && i % TURN == 0)
			wait_turn(task->number);
		task->wrong += use(task, i);
		if (turn >= 0 && i % TURN == TURN - 1)
			__atomic_store_n(&turn, !task->number, __ATOMIC_RELEASE);
	}
	if (turn >= 0)
		wait_turn(task->number);
	for (int i = 0; i < KEPT; i++) {
		take();
		free(task->kept[i]);
		give();
	}
	if (turn >= 0)
		__atomic_store_n(&turn, !task->number, __ATOMIC_RELEASE);
	return 0;
}

static void *
nothing(void *arg)
{
	return arg;
}

int
main(int argc, char **argv)
{
	static char stack[256 << 10] __attribute__((aligned(16)));
	int rounds = argc > 2 ? atoi(argv[2]) : ROUNDS;
	const char *how = argc > 1 ? argv[1] : "turns";
	bool unseen = strcmp(how, "unseen") == 0;
	pthread_t thread;
	int sum = 0;

	lock = strcmp(how, "lock") == 0;
	turn = strcmp(how, "turns") == 0 ? 0 : -1;
	/* libc takes its locks from the first thread on */
	pthread_create(&thread, NULL, nothing, NULL);
	pthread_join(thread, NULL);
	for (int i = 0; i < rounds; i++) {
		struct task ours = { 0 }, theirs = { .number = 1 };
		pid_t child = (unseen ? __clone : clone)(
		    work, stack + sizeof(stack), CLONE_VM | SIGCHLD, &theirs);
		int status = 0;

		work(&ours);
		waitpid(child, &status, 0);
		sum += theirs.wrong + ours.wrong + status;
	}
	return printf("%d\n", sum) < 0;
}
