/* expect: work mixed work+0 local=950 live=50 */
/* One in twenty is kept for ever. */
#include <stdlib.h>

#include "target.h"

static char *kept[50];

static NOINLINE void
work(int i)
{
	char *p = malloc(64);

	TOUCH(p);
	if (i % 20 == 7)
		kept[i / 20] = p;
	else
		free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 1000; i++)
		work(i);
	return kept[1] == NULL;
}
