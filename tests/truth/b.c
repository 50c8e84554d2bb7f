/* pattern: B: a, b; free b; free a */
/* truth: both die in the frame */
#include "tests/truth/truth.h"

static NOINLINE void
work(void)
{
	char *a = malloc(16); /* HERE a */
	char *b = malloc(24); /* HERE b */

	USE(a);
	USE(b);
	free(b);
	free(a);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < CALLS; i++)
		work();
	return 0;
}
