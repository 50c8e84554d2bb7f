/* pattern: passed to a function that may store it, and never did */
/* differs: the compiler must assume the branch that stores it; the run never took it,
 * so look at that branch before you follow the advice */
#include <stdlib.h>

#include "tests/targets/target.h"

struct point {
	int x, y;
};

static struct point *kept;

static NOINLINE int
area(struct point *p)
{
	if (p->x < 0)
		kept = p;
	int is = p->x * p->y;

	return HIDE(is);
}

static NOINLINE int
work(int n)
{
	struct point *p = malloc(sizeof(*p)); /* HERE */
	int is;

	p->x = n;
	p->y = n;
	is = area(p);
	if (p != kept)
		free(p);
	return HIDE(is);
}

int
main(void)
{
	int sum = 0;

	for (int i = 0; i < 1000; i++)
		sum += work(i);
	TOUCH(sum);
	return 0;
}
