/* expect: work stack work+0 local=250 */
/* expect: work#2 stack work+0 local=250 */
/* One free, of one or the other. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
work(int i)
{
	char *p;

	if (i % 2 == 0) {
		p = malloc(40);
		TOUCH(p);
	} else {
		p = malloc(72);
		BEHIND();
		TOUCH(p);
	}
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		work(i);
	return 0;
}
