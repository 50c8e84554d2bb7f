/* pattern: passed to a function that only reads it */
#include <stdlib.h>

#include "tests/targets/target.h"

struct point {
	int x, y;
};

static NOINLINE int
area(const struct point *p)
{
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
