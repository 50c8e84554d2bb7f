/* expect: make heap use+5 up=1000 */
#include <stdlib.h>

#include "target.h"

/* Five functions hand it up: farther than a caller could pass storage. */
#define LEVEL(name, inner)               \
	static NOINLINE char *name(void) \
	{                                \
		char *p = inner();       \
                                         \
		TOUCH(p);                \
		return p;                \
	}

static NOINLINE char *
make(void)
{
	char *p = malloc(32);

	TOUCH(p);
	return p;
}

LEVEL(one, make)
LEVEL(two, one)
LEVEL(three, two)
LEVEL(four, three)

static NOINLINE void
use(void)
{
	char *p = four();

	TOUCH(p);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 1000; i++)
		use();
	return 0;
}
