/* expect: turn caller run+1 up=1000 */
/* What is made where it is missing another call frees, later, in the same frame: a cache
 * of one. Only marks can see that. */
#include <stdlib.h>

#include "target.h"

static char *slot;

static NOINLINE void
turn(unsigned n)
{
	if (slot == NULL) {
		slot = malloc(64);
		TOUCH(slot);
	}
	TOUCH(slot);
	if (n % 2 != 0) {
		free(slot);
		slot = NULL;
	}
}

static NOINLINE void
run(void)
{
	for (unsigned n = 0; n < 2000; n++)
		turn(n);
}

int
main(void)
{
	run();
	return 0;
}
