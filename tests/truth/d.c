/* pattern: D: a block, and a callee that has one of its own */
/* truth: both die in their frames */
#include "tests/truth/truth.h"

static NOINLINE void
callee(void)
{
	char *p = malloc(24); /* HERE inner */

	USE(p);
	free(p);
	BEHIND();
}

static NOINLINE void
work(void)
{
	char *p = malloc(16); /* HERE outer */

	USE(p);
	callee();
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
