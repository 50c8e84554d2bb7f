/* expect: fill caller run+1 up=500 */
/* fill and drain stand at the same depth, and so do their return addresses,
 * one in the slot of the other. */
#include <stdlib.h>

#include "target.h"

static char *shared;

static NOINLINE void
fill(void)
{
	shared = malloc(56);
	TOUCH(shared);
	BEHIND();
}

static NOINLINE void
drain(void)
{
	free(shared);
	BEHIND();
}

static NOINLINE void
run(void)
{
	for (int i = 0; i < 500; i++) {
		fill();
		drain();
	}
	BEHIND();
}

int
main(void)
{
	run();
	return 0;
}
