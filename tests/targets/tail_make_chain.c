/* expect: make caller use+3 up=500 */
/* Three functions, each of which ends in a call of the next: at -O2 none has a
 * frame. */
#include <stdlib.h>

#include "target.h"

static NOINLINE char *
make(size_t size)
{
	TOUCH(size);
	return malloc(size);
}

static NOINLINE char *
make_twice(size_t size)
{
	TOUCH(size);
	return make(2 * size);
}

static NOINLINE char *
make_more(size_t size)
{
	TOUCH(size);
	return make_twice(size + 1);
}

static NOINLINE void
use(void)
{
	char *p = make_more(20);

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
