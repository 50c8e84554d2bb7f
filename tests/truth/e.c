/* pattern: E: a callee returns it, its caller frees it */
/* truth: escapes the callee, dies one up */
#include "tests/truth/truth.h"

static NOINLINE char *
make(void)
{
	char *p = malloc(16); /* HERE */

	USE(p);
	return p;
}

static NOINLINE void
work(void)
{
	char *p = make();

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
