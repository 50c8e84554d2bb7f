/* expect: work stack work+0 local=500 */
/* A loop that is entered at two places; the block is held across it. */
#include <stdlib.h>

#include "target.h"

static NOINLINE int
work(int start)
{
	int *p = malloc(40);
	int i = 1, result;

	TOUCH(p);
	*p = 10;
	if (start == 1)
		goto inside;
again:
	TOUCH(p);
	if (--*p == 0)
		goto done;
inside:
	TOUCH(p);
	i++;
	goto again;
done:
	result = i;
	free(p);
	BEHIND();
	return result;
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		work(i % 3);
	return 0;
}
