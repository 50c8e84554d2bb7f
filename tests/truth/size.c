/* pattern: size known only at run time */
/* truth: dies in the frame */
#include "tests/truth/truth.h"

static NOINLINE void
work(size_t size)
{
	char *p = malloc(size); /* HERE */

	USE(p);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < CALLS; i++)
		work((size_t)i % 100 + 16);
	return 0;
}
