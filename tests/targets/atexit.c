/* expect: setup heap - up=20 */
/* expect: work stack work+0 local=500 */
/* Freed when main has returned: by no frame of the program. */
#include <stdlib.h>

#include "target.h"

static char *state[20];

static void
teardown(void)
{
	for (int i = 0; i < 20; i++)
		free(state[i]);
	BEHIND();
}

static NOINLINE void
setup(void)
{
	for (int i = 0; i < 20; i++) {
		state[i] = malloc(100);
		TOUCH(state[i]);
	}
	if (atexit(teardown) != 0)
		abort();
	BEHIND();
}

static NOINLINE void
work(void)
{
	char *p = malloc(50);

	TOUCH(p);
	free(p);
	BEHIND();
}

int
main(void)
{
	setup();
	for (int i = 0; i < 500; i++)
		work();
	return 0;
}
