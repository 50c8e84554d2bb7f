/* expect: helper stack helper+0 local=1000 */
/* An inlined helper frees its own block, at two places of one function. */
#include <stdlib.h>

#include "target.h"

static INLINE int
helper(int i)
{
	int *p = malloc(40);
	int result;

	TOUCH(p);
	*p = i;
	TOUCH(p);
	result = *p;
	free(p);
	return result;
}

static NOINLINE int
work(int i)
{
	int sum = helper(i);

	TOUCH(sum);
	sum += helper(sum);
	BEHIND();
	return sum;
}

int
main(void)
{
	int sum = 0;

	for (int i = 0; i < 500; i++)
		sum += work(i);
	return sum == 1;
}
