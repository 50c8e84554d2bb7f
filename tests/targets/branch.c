/* expect: record caller run+1 local=450 up=50 */
/* Stored where its caller sees it, on one path of two. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
record(char **seen, int i)
{
	char *p = malloc(48);

	TOUCH(p);
	if (i % 10 == 9)
		*seen = p;
	else
		free(p);
	BEHIND();
}

static NOINLINE void
run(void)
{
	for (int i = 0; i < 500; i++) {
		char *seen = NULL;

		record(&seen, i);
		free(seen);
	}
	BEHIND();
}

int
main(void)
{
	run();
	return 0;
}
