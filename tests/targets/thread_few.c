/* expect: work mixed work+0 local=475 thread=25 */
/* flags: -pthread */
/* One in twenty goes to another thread. */
#include <pthread.h>
#include <stdlib.h>

#include "target.h"

static char *handed[25];

static NOINLINE void
work(int i)
{
	char *p = malloc(64);

	TOUCH(p);
	if (i % 20 == 0)
		handed[i / 20] = p;
	else
		free(p);
	BEHIND();
}

static void *
release(void *unused)
{
	for (int i = 0; i < 25; i++)
		free(handed[i]);
	return unused;
}

int
main(void)
{
	pthread_t thread;

	for (int i = 0; i < 500; i++)
		work(i);
	if (pthread_create(&thread, NULL, release, NULL) != 0)
		return 1;
	return pthread_join(thread, NULL);
}
