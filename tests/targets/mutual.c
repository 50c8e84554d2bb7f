/* expect: even caller start+1 up=300 */
/* expect: odd caller even+1 up=300 */
/* Two functions that call each other. */
#include <stdlib.h>

#include "target.h"

static NOINLINE char *odd(int depth);

static NOINLINE char *
even(int depth)
{
	char *p = malloc(40);

	TOUCH(p);
	if (depth > 0)
		free(odd(depth - 1));
	TOUCH(p);
	return p;
}

static NOINLINE char *
odd(int depth)
{
	char *p = malloc(56);

	TOUCH(p);
	if (depth > 0)
		free(even(depth - 1));
	TOUCH(p);
	return p;
}

static NOINLINE void
start(void)
{
	free(even(1));
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 300; i++)
		start();
	return 0;
}
