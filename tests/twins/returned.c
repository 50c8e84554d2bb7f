/* pattern: pointer returned */
#include <stdlib.h>

#include "tests/targets/target.h"

struct point {
	int x, y;
};

static NOINLINE struct point *
new_point(int n)
{
	struct point *p = malloc(sizeof(*p)); /* HERE */

	p->x = n;
	p->y = n;
	return p;
}

static NOINLINE int
use(int n)
{
	struct point *p = new_point(n);
	int sum = p->x + p->y;

	TOUCH(p);
	free(p);
	return HIDE(sum);
}

int
main(void)
{
	int sum = 0;

	for (int i = 0; i < 1000; i++)
		sum += use(i);
	TOUCH(sum);
	return 0;
}
