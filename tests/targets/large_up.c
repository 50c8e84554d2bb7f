/* expect: make large use+1 up=200 */
#include <stdlib.h>

#include "target.h"

static NOINLINE char *
make(void)
{
	char *p = malloc(20000);

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
	for (int i = 0; i < 200; i++)
		use();
	return 0;
}
