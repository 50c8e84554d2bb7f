/* pattern: G: 2 of 10 000 are freed at the end */
/* truth: 99.98 % die in the frame */
#include "tests/truth/truth.h"

static char *kept[16];
static int count;

static NOINLINE void
work(int i)
{
	char *p = malloc(16); /* HERE */

	USE(p);
	if (i % 5000 == 5000 / 2)
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
		free(kept[i]);
	return 0;
}
