/*
 * Hazard: the keeper is gone, or the disk full (reliability 30, 55). Expected: the
 * program goes on, at its speed; what has no room is dropped and counted, and the
 * rest of the trace is whole. Two threads, 4 million events.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

static void *
work(void *arg)
{
	void *blocks[100] = { 0 };

	for (unsigned int i = 0; i < 1000000; i++) {
		unsigned int at = i * 7919U % 100;

		free(blocks[at]);
		blocks[at] = malloc((size_t)i * 31 % 3000);
	}
	for (int i = 0; i < 100; i++)
		free(blocks[i]);
	return arg;
}

int
main(int argc, char **argv)
{
	pthread_t thread;

	/* So that whoever is to harm the keeper can do so first. */
	if (argc > 1) {
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0); /* gcore may */
		puts("ready");
		fflush(stdout);
		getchar();
	}
	pthread_create(&thread, NULL, work, NULL);
	work(NULL);
	pthread_join(thread, NULL);
	return puts("done") < 0;
}
