/* expect: replace caller work+1 up=1000 */
/* An inlined helper in a loop frees what it made in the pass before: each pass
 * is an activation of its own, in one physical frame. */
#include <stdlib.h>

#include "target.h"

static INLINE char *
replace(char *old)
{
	char *p;

	free(old);
	p = malloc(48);
	TOUCH(p);
	return p;
}

static NOINLINE void
work(void)
{
	char *p = NULL;

	for (int i = 0; i < 10; i++)
		p = replace(p);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 100; i++)
		work();
	return 0;
}
