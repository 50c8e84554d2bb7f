/* expect: work live local=200 live=300 */
/* expect: last stack last+0 local=1 */
/* Freed on one way out, forgotten on the other: a leak. */
#include <stdlib.h>

#include "target.h"

static NOINLINE int
work(int i)
{
	char *p = malloc(64);

	TOUCH(p);
	if (i % 5 < 2) {
		free(p);
		BEHIND();
		return 1;
	}
	return 2;
}

static NOINLINE void
last(void)
{
	char *p = malloc(8);

	TOUCH(p);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		work(i);
	last();
	return 0;
}
