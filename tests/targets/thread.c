/* expect: make thread thread=500 */
/* flags: -pthread */
#include <pthread.h>
#include <stdlib.h>

#include "target.h"

enum { BLOCKS = 500 };

static char *blocks[BLOCKS];

static NOINLINE char *
make(void)
{
	char *p = malloc(64);

	TOUCH(p);
	return p;
}

static void *
release(void *unused)
{
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	return unused;
}

int
main(void)
{
	pthread_t thread;

	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = make();
	if (pthread_create(&thread, NULL, release, NULL) != 0)
		return 1;
	return pthread_join(thread, NULL);
}
