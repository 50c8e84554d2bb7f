/* expect: work stack work+0 local=500 */
/* realloc to no bytes frees, in glibc. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
work(void)
{
	char *p = malloc(64);

	TOUCH(p);
	p = realloc(p, HIDE((size_t)0));
	TOUCH(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		work();
	return 0;
}
