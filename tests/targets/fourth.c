/* expect: make heap use+4 up=500 */
/* One farther than a caller is asked to pass storage. */
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
LEVEL(three, two)

static NOINLINE void
use(void)
{
	char *p = three();

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
