/* expect: descend stack descend+0 local=1100 */
/* Each depth has its own block, freed after the deeper ones. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
descend(int depth)
{
	char *p = malloc(48);

	TOUCH(p);
	if (depth > 0)
		descend(depth - 1);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 100; i++)
		descend(10);
	return 0;
}
