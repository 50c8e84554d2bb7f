/* expect: work stack work+0 local=1000 */
/* A loop by goto; the free stands before the allocation. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
work(int count)
{
	char *p;

	goto make;
drop:
	free(p);
	if (--count == 0) {
		BEHIND();
		return;
	}
make:
	p = malloc(48);
	TOUCH(p);
	goto drop;
}

int
main(void)
{
	for (int i = 0; i < 100; i++)
		work(10);
	return 0;
}
