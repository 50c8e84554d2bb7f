/* expect: push caller run+1 up=5000 */
/* Every block outlives its push: run owns them all, one up; main, which frees the
 * last, owns some. The frame of push is the same each time. Never stack or buffer. */
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
