/* expect: inner caller work+3 up=500 */
/* Three helpers inlined into each other: one physical frame, four logical
 * ones. */
#include <stdlib.h>

#include "target.h"

static INLINE char *
inner(void)
{
	char *p = malloc(72);

	TOUCH(p);
	return p;
}

static INLINE char *
middle(void)
{
	char *p = inner();

	TOUCH(p);
	return p;
}

static INLINE char *
outer(void)
{
	char *p = middle();

	TOUCH(p);
	return p;
}

static NOINLINE void
work(void)
{
	char *p = outer();

	TOUCH(p);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		work();
	return 0;
}
