/* expect: turn caller main+1 up=500 */
/* expect: turn#2 caller main+1 up=501 */
/* A realloc that frees, and at the same place one that takes no block, one call later:
 * these two are no halves of one, and what was made in the call before has escaped. */
#include <stdlib.h>

#include "target.h"

static char *held, *shared;

static NOINLINE void
turn(size_t size)
{
	if (size == 0) {
		shared = malloc(16);
		TOUCH(shared);
	}
	held = realloc(held, HIDE(size));
	TOUCH(held);
	if (size != 0)
		free(shared);
	BEHIND();
}

int
main(void)
{
	for (size_t i = 1; i <= 1001; i++)
		turn(i % 2 * 100);
	free(held);
	return 0;
}
