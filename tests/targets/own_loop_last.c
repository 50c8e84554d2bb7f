/* expect: step caller run+1 local=3000 up=1000 */
/* The last block of each call is freed by the next call, in the same loop as
 * all others: only marks can tell it from them. */
#include <stdlib.h>

#include "target.h"

static NOINLINE char *
step(char *last)
{
	for (int i = 0; i < 4; i++) {
		char *p = malloc(40);

		TOUCH(p);
		free(last);
		last = p;
	}
	TOUCH(last);
	return last;
}

static NOINLINE void
run(void)
{
	char *last = NULL;

	for (int i = 0; i < 1000; i++)
		last = step(last);
	free(last);
	BEHIND();
}

int
main(void)
{
	run();
	return 0;
}
