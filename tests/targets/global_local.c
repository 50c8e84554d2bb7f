/* expect: work stack work+0 local=500 */
/* Stored in a global variable, but freed before the function returns: a
 * compiler must let it escape, a run sees that it does not. */
#include <stdlib.h>

#include "target.h"

static char *volatile current;

static NOINLINE void
inspect(void)
{
	TOUCH(current);
	BEHIND();
}

static NOINLINE void
work(void)
{
	current = malloc(56);
	inspect();
	free(current);
	current = NULL;
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		work();
	return 0;
}
