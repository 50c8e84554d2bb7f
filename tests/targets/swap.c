/* expect: left caller run+1 up=400 */
/* expect: right caller run+1 up=400 */
/* Two functions swap their blocks: each frees the other one's. */
#include <stdlib.h>

#include "target.h"

static char *first, *second;

static NOINLINE void
left(void)
{
	free(second);
	second = NULL;
	first = malloc(64);
	TOUCH(first);
	BEHIND();
}

static NOINLINE void
right(void)
{
	free(first);
	first = NULL;
	second = malloc(48);
	TOUCH(second);
	BEHIND();
}

static NOINLINE void
run(void)
{
	for (int i = 0; i < 400; i++) {
		left();
		right();
	}
	free(second);
	BEHIND();
}

int
main(void)
{
	run();
	return 0;
}
