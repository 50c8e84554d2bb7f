/* expect: work stack work+0 local=500 */
/* The free is inlined, the allocation is not. */
#include <stdlib.h>

#include "target.h"

static INLINE void
drop(char *p)
{
	TOUCH(p);
	free(p);
	BEHIND();
}

static NOINLINE void
work(void)
{
	char *p = malloc(72);

	TOUCH(p);
	drop(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		work();
	return 0;
}
