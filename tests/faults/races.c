/*
 * Hazard: an address that one thread gives up is another's before the first has said so
 * (reliability 64): realloc that moves, and a free, against mallocs of the same size; the
 * order of threads' events, when blocks go from thread to thread (65). Expected: of 1000
 * blocks that leak() keeps each is live at the end, and of all others none; no free is of
 * an address that is dead. Argument: how many to leak.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 4, ROUNDS = 30000, PLACES = 256 };

static void *kept[1000];
static void *places[PLACES];
static int leaks;

static uint64_t
next(uint64_t *x)
{
	*x = *x * 6364136223846793005ULL + 1442695040888963407ULL;
	return *x >> 33;
}

__attribute__((noinline)) static void *
leak(size_t size)
{
	return malloc(size);
}

/* Large enough to move, of few sizes, so that what one gives up another gets. */
__attribute__((noinline)) static void *
grow(void *block, uint64_t random)
{
	return realloc(block, 512 << random % 4);
}

__attribute__((noinline)) static void *
take(uint64_t random)
{
	return malloc(512 << random % 4);
}

/* What another thread put there is freed here. */
__attribute__((noinline)) static void
exchange(uint64_t random, void *block)
{
	free(__atomic_exchange_n(&places[random % PLACES], block, __ATOMIC_ACQ_REL));
}

static void *
work(void *arg)
{
	uint64_t seed = (uint64_t)(uintptr_t)arg * 7919;
	int mine = leaks / THREADS, first = (int)(uintptr_t)arg * mine;

	for (int i = 0; i < ROUNDS; i++) {
		exchange(next(&seed), grow(take(next(&seed)), next(&seed)));
		exchange(next(&seed), grow(NULL, next(&seed)));
		if (i % (ROUNDS / 250) == 0 && mine > 0) {
			kept[first++] = leak(512 << next(&seed) % 4);
			mine--;
		}
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	static char buffer[1024];
	pthread_t threads[THREADS];
	int live = 0;

	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	leaks = argc > 1 ? atoi(argv[1]) : 0;
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < PLACES; i++)
		free(places[i]);
	for (int i = 0; i < 1000; i++)
		live += kept[i] != NULL;
	return printf("%d leaks\n", live) < 0;
}
