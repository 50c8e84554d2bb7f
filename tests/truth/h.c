/* pattern: H: a frame that runs long */
/* truth: dies in the frame */
#include "tests/truth/truth.h"

static NOINLINE void
work(void)
{
	char *p = malloc(16); /* HERE */

	for (int i = 0; i < 900; i++)
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
