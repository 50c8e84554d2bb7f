/* expect: work live local=400 live=600 */
#include <stdlib.h>

#include "target.h"

static char *kept[600];
static int count;

static NOINLINE void
work(int i)
{
	char *p = malloc(40);

	TOUCH(p);
	if (i % 5 < 3)
		kept[count++] = p;
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
