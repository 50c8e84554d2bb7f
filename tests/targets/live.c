/* expect: keep live */
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
	for (int i = 0; i < 100; i++)
		keep(i);
	return 0;
}
