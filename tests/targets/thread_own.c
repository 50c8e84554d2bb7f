/* expect: work stack work+0 local=1200 */
/* expect: worker buffer|stack worker+0 local=4 */
/* expect: result thread thread=4 */
/* flags: -pthread */
/* Threads that use blocks of their own, and one each that the joiner frees. */
#include <pthread.h>
#include <stdlib.h>

#include "target.h"

static NOINLINE void
work(void)
{
	char *p = malloc(72);

	TOUCH(p);
	free(p);
	BEHIND();
}

static NOINLINE char *
result(void)
{
	char *p = malloc(90);

	TOUCH(p);
	return p;
}

static void *
worker(void *unused)
{
	char *own = malloc(333);

	(void)unused;
	TOUCH(own);
	for (int i = 0; i < 300; i++)
		work();
	free(own);
	return result();
}

int
main(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, worker, NULL) != 0)
			return 1;
	for (int i = 0; i < 4; i++) {
		void *block;

		pthread_join(threads[i], &block);
		free(block);
	}
	return 0;
}
