/*
 * Hazard: SIGKILL at any moment (reliability 27). Expected: whatever was counted
 * is in the trace, but for at most the one event in flight on each thread.
 * Two threads allocate until somebody kills the process.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

enum { BLOCKS = 256 };

static void *
churn(void *seed)
{
	uint64_t x = (uint64_t)(uintptr_t)seed;
	void *block[BLOCKS] = { 0 };

	for (;;) {
		unsigned int at;

		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		at = (unsigned int)(x >> 40) % BLOCKS;
		if ((x >> 60) == 0) {
			void *grown = realloc(block[at], 16 + (x >> 50) % 500);

			block[at] = grown;
		} else if (block[at] != NULL) {
			free(block[at]);
			block[at] = NULL;
		} else {
			block[at] = malloc((x >> 50) % 300);
		}
	}
	return NULL;
}

int
main(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, churn, (void *)1);
	churn((void *)2);
	return 0;
}
