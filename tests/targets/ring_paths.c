/* expect: push caller run+2 up=2000 */
/* A ring that two functions feed, each of which finds the other one's blocks
 * in it. */
#include <stdlib.h>

#include "target.h"

enum { SLOTS = 15 };

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
left(unsigned int n)
{
	push(n);
	BEHIND();
}

static NOINLINE void
right(unsigned int n)
{
	TOUCH(ring);
	push(n);
	BEHIND();
}

static NOINLINE void
run(void)
{
	for (unsigned int n = 0; n < 2000; n += 2) {
		left(n);
		right(n + 1);
	}
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
