/* expect: turn caller run+1 up=4000 */
/* A ring whose function has a loop of its own: no event outside of it tells
 * one call from the next, and every block escapes the call that made it. Only
 * marks can see that. */
#include <stdlib.h>

#include "target.h"

enum { SLOTS = 64 };

static char *ring[SLOTS];

static NOINLINE void
turn(unsigned int start)
{
	for (unsigned int n = start; n < start + 8; n++) {
		char *p;

		free(ring[n % SLOTS]);
		p = malloc(40);
		TOUCH(p);
		ring[n % SLOTS] = p;
	}
	BEHIND();
}

static NOINLINE void
run(void)
{
	for (unsigned int n = 0; n < 4000; n += 8)
		turn(n);
	for (int i = 0; i < SLOTS; i++)
		free(ring[i]);
	BEHIND();
}

int
main(void)
{
	run();
	return 0;
}
