/*
 * Hazard: system calls of the shim while the program runs (reliability 58; the
 * rule is none). Expected: after a getsid, which marks the start, the same
 * calls as often as native makes them. All that depends on the time of day, such
 * as contention, is kept out: threads run one after the other.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void *
work(void *arg)
{
	void *blocks[200] = { 0 };

	for (int i = 0; i < 100000; i++) {
		unsigned int at = (unsigned int)i * 7919U % 200;

		free(blocks[at]);
		blocks[at] = malloc((size_t)i * 7919 % 2000);
		if (i % 5 == 0)
			blocks[at] = realloc(blocks[at], (size_t)(i % 3000) + 1);
	}
	for (int i = 0; i < 200; i++)
		free(blocks[i]);
	return arg;
}

int
main(void)
{
	pthread_t first;

	/* A second heap, whose place decides how it is made. */
	pthread_create(&first, NULL, work, NULL);
	pthread_join(first, NULL);
	getsid(0);
	work(NULL);
	for (int i = 0; i < 20; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, work, NULL);
		pthread_join(thread, NULL);
	}
	if (fork() == 0) {
		work(NULL);
		_exit(0);
	}
	wait(NULL);
	return puts("done") < 0;
}
