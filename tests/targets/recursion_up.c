/* expect: descend caller descend+1 up=1000 */
/* expect: start stack start+0 local=10 */
/* Each depth hands its block to the one above. */
#include <stdlib.h>

#include "target.h"

static NOINLINE char *
descend(int depth)
{
	char *p = malloc(48);

	TOUCH(p);
	if (depth > 1)
		free(descend(depth - 1));
	TOUCH(p);
	return p;
}

static NOINLINE void
start(void)
{
	char *p = malloc(24);

	TOUCH(p);
	for (int i = 0; i < 10; i++)
		free(descend(10));
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 10; i++)
		start();
	return 0;
}
