/* expect: work heap work+0 local=800 live=200 */
/* One in five is kept for ever: too many to be an exception. */
#include <stdlib.h>

#include "target.h"

static char *kept[200];

static NOINLINE void
work(int i)
{
	char *p = malloc(64);

	TOUCH(p);
	if (i % 5 == 3)
		kept[i / 5] = p;
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
