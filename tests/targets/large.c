/* expect: work large work+0 local=200 */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
work(void)
{
	char *p = malloc(100000);

	TOUCH(p);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 200; i++)
		work();
	return 0;
}
