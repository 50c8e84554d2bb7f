/* expect: step caller run+1 up=1000 */
/* A switch again, but the state is outside: made by one call, freed by the
 * next, through a table of jumps. */
#include <stdlib.h>

#include "target.h"

static char *held;

static NOINLINE int
step(int state)
{
	switch (state) {
	case 0:
		held = malloc(64);
		TOUCH(held);
		return 1;
	case 1: TOUCH(held); return 2;
	case 2: BEHIND(); return 3;
	case 3: TOUCH(&state); return 4;
	case 4:
		free(held);
		BEHIND();
		return 0;
	default: abort();
	}
}

static NOINLINE void
run(int count)
{
	int state = 0;

	while (count-- > 0)
		state = step(state);
	BEHIND();
}

int
main(void)
{
	run(5000);
	return 0;
}
