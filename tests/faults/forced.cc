/*
 * Hazard: threads that are unwound by force (cancelled, deferred and at any
 * moment, or that exit) over frames whose return addresses are marks, with
 * cleanup handlers of C and destructors of C++. Argument: which.
 */
#include <cstdio>
#include <cstring>
#include <cxxabi.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

#include "tests/faults/marks.h"

static long destroyed, handled;
static volatile int zero;
static sem_t ready;

struct guard {
	char *block;
	guard() : block((char *)malloc(40))
	{
	}
	~guard()
	{
		touch();
		free(block);
		__atomic_add_fetch(&destroyed, 1, __ATOMIC_RELAXED);
	}
};

static void
handler(void *block)
{
	touch();
	free(block);
	__atomic_add_fetch(&handled, 1, __ATOMIC_RELAXED);
}

enum how { EXITS, WAITS, LOOPS, SLEEPS };

static void
leave(enum how how)
{
	touch();
	switch (how) {
	case EXITS: pthread_exit((void *)17);
	case WAITS:
		sem_post(&ready);
		for (;;)
			pause();
	case SLEEPS: {
		struct timespec hour = { 3600, 0 };
		sem_post(&ready);
		nanosleep(&hour, NULL);
		break;
	}
	case LOOPS: {
		volatile unsigned long count = 0;
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
		sem_post(&ready);
		for (;;)
			count++;
	}
	}
}

NOINLINE static int
frame(int depth, enum how how)
{
	guard g;
	int result;

	touch();
	if (depth == zero) {
		leave(how);
		return 0;
	}
	pthread_cleanup_push(handler, malloc(16));
	result = frame(depth - 1, how) + 1;
	touch();
	pthread_cleanup_pop(1);
	return result;
}

/* catch (...) sees the forced unwinding too, and must let it go on. */
NOINLINE static int
catcher(int depth, enum how how)
{
	guard g;

	touch();
	try {
		return frame(depth, how);
	} catch (abi::__forced_unwind &) {
		touch();
		__atomic_add_fetch(&handled, 1000, __ATOMIC_RELAXED);
		throw;
	} catch (...) {
		_exit(9);
	}
}

static enum how how_now;

static void *
start(void *depth)
{
	touch();
	return (void *)(long)catcher((int)(long)depth, how_now);
}

static int
run(const char *name, enum how how)
{
	long exited = 0, cancelled = 0;

	how_now = how;
	for (int round = 0; round < 60; round++) {
		pthread_t thread;
		void *result = NULL;

		pthread_create(&thread, NULL, start, (void *)(long)(round % 20));
		if (how != EXITS) {
			while (sem_wait(&ready) != 0)
				;
			pthread_cancel(thread);
		}
		pthread_join(thread, &result);
		exited += result == (void *)17;
		cancelled += result == PTHREAD_CANCELED;
		touch();
	}
	return printf("%s %ld %ld destroyed %ld handled %ld\n", name, exited, cancelled, destroyed,
		   handled) < 0;
}

/* The first thread leaves; another ends the program. */
static void *
last(void *first)
{
	void *result;

	pthread_join(*(pthread_t *)first, &result);
	touch();
	printf("main %ld destroyed %ld\n", (long)result, destroyed);
	exit(6);
}

static int
main_exits()
{
	static pthread_t self;
	pthread_t thread;

	self = pthread_self();
	pthread_create(&thread, NULL, last, &self);
	return frame(12, EXITS);
}

int
main(int argc, char **argv)
{
	static const char *const names[] = { "exits", "waits", "loops", "sleeps" };

	sem_init(&ready, 0, 0);
	for (int i = 0; i < 4; i++)
		if (argc == 2 && strcmp(argv[1], names[i]) == 0)
			return run(argv[1], (enum how)i);
	return argc == 2 && strcmp(argv[1], "main") == 0 ? main_exits() : 2;
}
