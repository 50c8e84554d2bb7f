/* expect: make caller use+1 up=1000 */
#include <stdlib.h>

#include "target.h"

static NOINLINE char *
make(void)
{
	char *p = malloc(32);

	TOUCH(p);
	return p;
}

static NOINLINE void
use(void)
{
	char *p = make();

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
