/* expect: push heap|unknown */
/* Every block outlives its push: main's loop owns them all, one up, but which
 * call of main's loop the analyzer cannot tell before it reads control flow.
 * Never stack, buffer or caller. */
#include <stdlib.h>

#include "target.h"

enum { SLOTS = 64 };

static char *ring[SLOTS];

static NOINLINE void
push(unsigned int n)
{
	char *p;

	free(ring[n % SLOTS]);
	p = malloc(40);
	TOUCH(p);
	ring[n % SLOTS] = p;
	BEHIND();
}

static NOINLINE void
run(void)
{
	for (unsigned int n = 0; n < 5000; n++)
		push(n);
	BEHIND();
}

int
main(void)
{
	run();
	for (int i = 0; i < SLOTS; i++)
		free(ring[i]);
	return 0;
}
