/* expect: make_point caller work+1 up=1000 */
/* Two instances of one helper in one function. */
#include <stdlib.h>

#include "target.h"

struct point {
	int x, y, z[10];
};

static INLINE struct point *
make_point(int x)
{
	struct point *p = malloc(sizeof(*p));

	TOUCH(p);
	p->x = x;
	return p;
}

static NOINLINE int
work(int i)
{
	struct point *p = make_point(i), *q = make_point(i + 1);
	int sum;

	TOUCH(q);
	sum = p->x + q->x;
	free(p);
	free(q);
	BEHIND();
	return sum;
}

int
main(void)
{
	int sum = 0;

	for (int i = 0; i < 500; i++)
		sum += work(i);
	return sum == 0;
}
