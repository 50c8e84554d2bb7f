/* expect: toggle caller run+1 up=500 */
/* Two calls allocate, the next two free what those did. */
#include <stdlib.h>

#include "target.h"

static char *held[2];

static NOINLINE void
toggle(int i)
{
	if (i % 4 < 2) {
		held[i % 2] = malloc(48);
		TOUCH(held[i % 2]);
	} else {
		free(held[i % 2]);
	}
	BEHIND();
}

static NOINLINE void
run(void)
{
	for (int i = 0; i < 1000; i++)
		toggle(i);
	BEHIND();
}

int
main(void)
{
	run();
	return 0;
}
