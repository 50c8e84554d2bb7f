/* expect: keep live live=100 */
/* expect: main stack main+0 local=1 */
/* main's last block shows that keep has returned. */
#include <stdlib.h>

#include "target.h"

static char *kept[100];

static NOINLINE void
keep(int i)
{
	kept[i] = malloc(24);
	TOUCH(kept[i]);
}

int
main(void)
{
	char *last;

	for (int i = 0; i < 100; i++)
		keep(i);
	last = malloc(8);
	TOUCH(last);
	free(last);
	return 0;
}
