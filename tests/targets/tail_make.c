/* expect: make caller use+1 up=500 */
/* make ends in a call of malloc: at -O2 a jump, after which the stack shows
 * its caller alone. */
#include <stdlib.h>

#include "target.h"

static NOINLINE char *
make(size_t size)
{
	TOUCH(size);
	return malloc(size);
}

static NOINLINE void
use(void)
{
	char *p = make(48);

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
