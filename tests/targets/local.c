/* expect: work stack work+0 local=1000 */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
work(void)
{
	char *p = malloc(48);

	TOUCH(p);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 1000; i++)
		work();
	return 0;
}
