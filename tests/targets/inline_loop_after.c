/* expect: exchange caller work+1 up=1000 */
/* The same, but freed after the new one is made: in the order of the code, a
 * local block. */
#include <stdlib.h>

#include "target.h"

static INLINE char *
exchange(char *old)
{
	char *p = malloc(48);

	TOUCH(p);
	free(old);
	return p;
}

static NOINLINE void
work(void)
{
	char *p = NULL;

	for (int i = 0; i < 10; i++)
		p = exchange(p);
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
