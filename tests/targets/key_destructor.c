/* expect: worker heap - up=50 */
/* flags: -pthread */
/* Freed by the destructor of a thread's key, when the thread's function has
 * returned: the owner is start-up code. */
#include <pthread.h>
#include <stdlib.h>

#include "target.h"

static pthread_key_t key;

static void
release(void *block)
{
	free(block);
	BEHIND();
}

static void *
worker(void *unused)
{
	char *p = malloc(700);

	TOUCH(p);
	if (pthread_setspecific(key, p) != 0)
		abort();
	return unused;
}

int
main(void)
{
	if (pthread_key_create(&key, release) != 0)
		return 1;
	for (int i = 0; i < 50; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, worker, NULL) != 0)
			return 1;
		pthread_join(thread, NULL);
	}
	return 0;
}
