/* pattern: A: malloc and free in one frame */
/* truth: dies in the frame */
#include "tests/truth/truth.h"

static NOINLINE void
work(void)
{
	char *p = malloc(16); /* HERE */

	USE(p);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < CALLS; i++)
		work();
	return 0;
}
