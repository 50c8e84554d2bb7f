/* expect: open_thing caller run+1 local=100 up=400 */
/* Freed by its maker where that fails, else handed up. */
#include <stdlib.h>

#include "target.h"

struct thing {
	char bytes[96];
};

static NOINLINE struct thing *
open_thing(int i)
{
	struct thing *thing = malloc(sizeof(*thing));

	TOUCH(thing);
	if (i % 5 == 0) {
		free(thing);
		BEHIND();
		return NULL;
	}
	return thing;
}

static NOINLINE void
run(int i)
{
	struct thing *thing = open_thing(i);

	if (thing != NULL)
		free(thing);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		run(i);
	return 0;
}
