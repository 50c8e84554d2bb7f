/* expect: make caller use+3 up=500 */
/* As far up as a caller is asked to pass storage. */
#include <stdlib.h>

#include "target.h"

/* A function that hands up what another made. */
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

static NOINLINE void
use(void)
{
	char *p = two();

	TOUCH(p);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		use();
	return 0;
}
