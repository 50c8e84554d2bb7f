/* expect: descend stack descend+0 local=1000 */
/* Each depth frees the block of the one above, which still runs: a local one. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
descend(char *above, int depth)
{
	free(above);
	if (depth > 0) {
		char *p = malloc(48);

		TOUCH(p);
		descend(p, depth - 1);
	}
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 100; i++)
		descend(NULL, 10);
	return 0;
}
