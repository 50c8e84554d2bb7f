/*
 * Hazard: frames with marks on stacks that come and go: swapcontext, makecontext
 * with uc_link, contexts that another thread resumes, stacks that are copied away
 * and back again and resumed twice, freed and used anew. Argument: which.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include "tests/faults/marks.h"

enum { STACK = 64 << 10, MANY = 64 };

static ucontext_t scheduler, coroutine[MANY];
static volatile long sum;
static int running;

static void
yield_now(void)
{
	int self = running;

	touch();
	swapcontext(&coroutine[self], &scheduler);
	touch();
}

NOINLINE static long
work(int depth)
{
	char *block = malloc(32);
	long result = 1;

	touch();
	yield_now();
	if (depth > 0)
		result += work(depth - 1);
	yield_now();
	free(block);
	touch();
	return result;
}

static void
body(int number)
{
	touch();
	sum += work(number % 7);
	touch();
}

static void
make(int i, void *stack, ucontext_t *link)
{
	getcontext(&coroutine[i]);
	coroutine[i].uc_stack.ss_sp = stack;
	coroutine[i].uc_stack.ss_size = STACK;
	coroutine[i].uc_link = link;
	makecontext(&coroutine[i], (void (*)(void))body, 1, i);
}

/* All in turn; when one ends, uc_link leads to the scheduler. */
static int
turns(void)
{
	char *stacks[MANY];

	for (int round = 0; round < 30; round++) {
		for (int i = 0; i < MANY; i++)
			make(i, stacks[i] = malloc(STACK), &scheduler);
		for (int turn = 0; turn < 20; turn++)
			for (running = 0; running < MANY; running++) {
				if (turn >= 2 * (running % 7) + 3)
					continue;
				touch();
				swapcontext(&scheduler, &coroutine[running]);
				touch();
			}
		for (int i = 0; i < MANY; i++)
			free(stacks[i]);
	}
	return printf("turns %ld\n", sum) < 0;
}

/* Left in the middle, their stacks used again. */
static int
dropped(void)
{
	static char stacks[MANY][STACK];

	for (int round = 0; round < 200; round++)
		for (running = 0; running < MANY; running++) {
			make(running, stacks[running], &scheduler);
			for (int turn = 0; turn < round % 3 + 1; turn++)
				swapcontext(&scheduler, &coroutine[running]);
		}
	return printf("dropped %ld\n", sum) < 0;
}

static void *
resume(void *from)
{
	running = (int)(intptr_t)from;
	touch();
	swapcontext(&scheduler, &coroutine[running]);
	touch();
	return NULL;
}

/* Each turn on another thread. */
static int
moved(void)
{
	static char stack[STACK];

	for (int round = 0; round < 20; round++) {
		make(6, stack, &scheduler);
		for (int turn = 0; turn < 15; turn++) {
			pthread_t thread;

			pthread_create(&thread, NULL, resume, (void *)(intptr_t)6);
			pthread_join(thread, NULL);
		}
	}
	return printf("moved %ld\n", sum) < 0;
}

/*
 * Coroutines that share the thread's own stack: what lies below `base` is copied
 * away at each switch and back before it is resumed.
 */
struct copied {
	jmp_buf state;
	char *saved, *low;
	size_t size;
	int done, began, number;
};

static struct copied copies[8], *current;
static char *base;
static int resumed_twice;
static jmp_buf home;

NOINLINE static void
copy_out(void)
{
	char *low = (char *)__builtin_frame_address(0) - 512;

	current->low = low;
	current->size = (size_t)(base - low);
	free(current->saved);
	current->saved = malloc(current->size);
	if (setjmp(current->state) == 0) {
		memcpy(current->saved, low, current->size);
		longjmp(home, 1);
	}
}

NOINLINE static long
copied_work(int depth)
{
	char *block = malloc(16);
	long result = depth;

	touch();
	copy_out();
	touch();
	if (depth > 0)
		result += copied_work(depth - 1);
	copy_out();
	if (!resumed_twice)
		free(block);
	touch();
	return result;
}

/* Never returns: all from its frame on is the coroutine. */
NOINLINE static void
copied_begin(void)
{
	base = (char *)__builtin_frame_address(0) + 16;
	touch();
	sum += copied_work(current->number);
	current->done = 1;
	touch();
	longjmp(home, 1);
}

/* Below all that the coroutine needs, or the copy would hit its own frame. */
NOINLINE static void
copy_in(volatile char *room)
{
	volatile char more[4096];

	more[0] = room != NULL ? room[0] : 0;
	if ((char *)__builtin_frame_address(0) > current->low)
		copy_in(more);
	memcpy(current->low, current->saved, current->size);
	longjmp(current->state, 1);
}

NOINLINE static void
copied_turn(struct copied *c)
{
	current = c;
	if (setjmp(home) != 0)
		return;
	if (!c->began) {
		c->began = 1;
		copied_begin();
	}
	copy_in(NULL);
}

NOINLINE static int
copying(void)
{
	for (volatile int round = 0; round < 50; round++) {
		volatile int left = 8;

		for (int i = 0; i < 8; i++) {
			copies[i].began = copies[i].done = 0;
			copies[i].number = i;
		}
		while (left > 0)
			for (volatile int i = 0; i < 8; i++) {
				if (copies[i].done)
					continue;
				touch();
				copied_turn(&copies[i]);
				left -= copies[i].done;
			}
	}
	return printf("copying %ld\n", sum) < 0;
}

/* One saved stack resumed twice: its frames return twice. */
NOINLINE static int
twice(void)
{
	static char *kept;
	static char *low;
	static size_t size;
	static jmp_buf state;
	static volatile int again;

	resumed_twice = 1;
	for (volatile int round = 0; round < 200; round++) {
		copies[0].began = copies[0].done = 0;
		copies[0].number = 3;
		for (int i = 0; i < 3; i++)
			copied_turn(&copies[0]);
		for (again = 0; again < 3; again++) {
			touch();
			if (again == 0) {
				size = copies[0].size;
				low = copies[0].low;
				kept = malloc(size);
				memcpy(kept, copies[0].saved, size);
				memcpy(&state, &copies[0].state, sizeof(state));
			}
			free(copies[0].saved);
			copies[0].saved = malloc(size);
			memcpy(copies[0].saved, kept, size);
			copies[0].size = size;
			copies[0].low = low;
			copies[0].done = 0;
			memcpy(&copies[0].state, &state, sizeof(state));
			while (!copies[0].done)
				copied_turn(&copies[0]);
		}
		free(kept);
	}
	return printf("twice %ld\n", sum) < 0;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} cases[] = {
		{ "turns", turns },
		{ "dropped", dropped },
		{ "moved", moved },
		{ "copying", copying },
		{ "twice", twice },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (argc == 2 && strcmp(argv[1], cases[i].name) == 0)
			return cases[i].run();
	return 2;
}
