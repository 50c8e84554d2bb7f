/* expect: work stack work+0 local=500 */
/* expect: work#2 stack work+0 local=500 */
/* Freed by a function that is called with it, and by one that is called with
 * its address. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
consume(char *p)
{
	TOUCH(p);
	free(p);
	BEHIND();
}

static NOINLINE void
consume_at(char **p)
{
	TOUCH(*p);
	free(*p);
	*p = NULL;
	BEHIND();
}

static NOINLINE void
work(void)
{
	char *p = malloc(40), *q = NULL;

	TOUCH(p);
	q = malloc(56);
	TOUCH(q);
	consume(p);
	consume_at(&q);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		work();
	return 0;
}
