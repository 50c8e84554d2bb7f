/* pattern: C: a ring of 64, a new one in, the oldest freed */
/* truth: all escape */
#include "tests/truth/truth.h"

static char *ring[64];

static NOINLINE void
push(int i)
{
	char *p = malloc(16); /* HERE */

	USE(p);
	free(ring[i % 64]);
	ring[i % 64] = p;
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < CALLS; i++)
		push(i);
	for (int i = 0; i < 64; i++)
		free(ring[i]);
	return 0;
}
