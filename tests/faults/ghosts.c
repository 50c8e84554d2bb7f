/*
 * Hazard: in sampled mode the free of a block that was not taken, at the address of one
 * that was, and the other way round (reliability 66). Expected: all blocks of use() are
 * freed, by a free, a realloc or another thread, so that of what was sampled of them
 * nothing is live at the end, and of keep() everything.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 100000, KEPT = 2000 };

static void *kept[KEPT];

__attribute__((noinline)) static void *
keep(size_t size)
{
	return malloc(size);
}

__attribute__((noinline)) static void *
use(size_t size)
{
	return malloc(size);
}

/* One size: each block is where the one before was. */
static void *
work(void *arg)
{
	void *blocks[8] = { NULL };

	for (int i = 0; i < ROUNDS; i++) {
		void **at = &blocks[i * 5 % 8];

		free(*at);
		*at = use(i % 3 == 0 ? 100 : 1000);
		if (i % 11 == 0)
			*at = realloc(*at, 1000);
		if (i % 13 == 0) {
			free(*at);
			*at = NULL;
		}
		if (arg != NULL && i % (ROUNDS / KEPT) == 0)
			kept[i / (ROUNDS / KEPT)] = keep(1000);
	}
	for (int i = 0; i < 8; i++)
		free(blocks[i]);
	return NULL;
}

int
main(void)
{
	static char buffer[1024];
	pthread_t thread;

	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	pthread_create(&thread, NULL, work, NULL);
	work(kept);
	pthread_join(thread, NULL);
	return puts("done") < 0;
}
