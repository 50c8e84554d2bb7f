/* expect: work caller body+1 up=200 ; work#2 caller body+1 local=400 up=200 */
/* truth: none, to which such a stack is each thread's own */
/* modes: full exact */
/* A coroutine that goes from thread to thread: what work begins with, which it always
 * does, happens on the one, and what it does behind on the other. */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <ucontext.h>

#include "target.h"

static ucontext_t home[2], away;
static char stack[65536];
static sem_t turn[2];
static int runs_on, to, done;
static char *held, *slot;

static NOINLINE void
yield(int thread)
{
	to = thread;
	swapcontext(&away, &home[runs_on]);
}

static NOINLINE void
work(void)
{
	held = malloc(24);
	TOUCH(held);
	yield(0);
	for (int i = 0; i < HIDE(3); i++) {
		free(slot);
		slot = malloc(40);
		TOUCH(slot);
	}
	BEHIND();
}

static void
body(void)
{
	for (int n = 0; n < 200; n++) {
		work();
		yield(1);
		free(held);
	}
	yield(0);
	free(slot);
	done = 1;
	yield(1);
}

static void *
worker(void *data)
{
	int me = data != NULL;

	for (;;) {
		sem_wait(&turn[me]);
		if (done)
			break;
		runs_on = me;
		swapcontext(&home[me], &away);
		sem_post(&turn[to]);
	}
	sem_post(&turn[!me]);
	return NULL;
}

int
main(void)
{
	pthread_t t[2];

	sem_init(&turn[0], 0, 0);
	sem_init(&turn[1], 0, 1);
	getcontext(&away);
	away.uc_stack.ss_sp = stack;
	away.uc_stack.ss_size = sizeof(stack);
	makecontext(&away, body, 0);
	pthread_create(&t[0], NULL, worker, NULL);
	pthread_create(&t[1], NULL, worker, &done);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	return 0;
}
