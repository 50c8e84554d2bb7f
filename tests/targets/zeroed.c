/* expect: work stack work+0 local=500 */
/* calloc. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
work(void)
{
	int *p = calloc(HIDE(4), 16);

	TOUCH(p);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		work();
	return 0;
}
