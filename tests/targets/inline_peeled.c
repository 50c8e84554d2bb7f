/* expect: step caller work+1 up=500 */
/* An inlined helper makes a block in the first pass of a loop and frees it in the last
 * one: compilers take the first pass out of the loop, where each call is left once. */
#include <stdlib.h>

#include "target.h"

static INLINE char *
step(char *old, int turn)
{
	char *p = old;

	if (old == NULL) {
		p = malloc(48);
		TOUCH(p);
	} else if (turn > 5) {
		free(old);
		return NULL;
	}
	return p;
}

static NOINLINE void
work(void)
{
	char *p = NULL;
	int turn = 0;

	do
		p = step(p, turn++);
	while (p != NULL);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		work();
	return 0;
}
