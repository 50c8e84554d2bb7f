/* expect: work stack work+0 local=500 */
/* expect: other caller use+1 up=500 */
/* Goes through a function that gives it back: to the caller, or no farther
 * than it was. */
#include <stdlib.h>

#include "target.h"

static NOINLINE char *
transmit(char *p)
{
	TOUCH(p);
	return p;
}

static NOINLINE void
work(void)
{
	char *p = transmit(malloc(48));

	TOUCH(p);
	free(p);
	BEHIND();
}

static NOINLINE char *
other(void)
{
	return transmit(malloc(64));
}

static NOINLINE void
use(void)
{
	char *p = other();

	TOUCH(p);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++) {
		work();
		use();
	}
	return 0;
}
