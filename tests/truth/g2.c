/* pattern: G2: 1 of 1000 is never freed */
/* truth: 99.9 % die in the frame */
#include "tests/truth/truth.h"

static char *kept[16];
static int count;

static NOINLINE void
work(int i)
{
	char *p = malloc(16); /* HERE */

	USE(p);
	if (i % 1000 == 1000 / 2)
		kept[count++] = p;
	else
		free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < CALLS; i++)
		work(i);
	for (int i = 0; i < count; i++)
		USE(kept[i]);
	return 0;
}
