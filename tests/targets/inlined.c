/* expect: make_point caller work+1 up=1000 */
/* Inlined or not: a local variable of make_point would dangle in work. */
#include <stdlib.h>

#include "target.h"

struct point {
	int x, y;
};

static inline __attribute__((always_inline)) struct point *
make_point(int x, int y)
{
	struct point *p = malloc(sizeof(*p));

	TOUCH(p);
	p->x = x;
	p->y = y;
	TOUCH(p);
	return p;
}

static NOINLINE int
work(int i)
{
	struct point *p = make_point(i, i + 1);
	int sum = p->x + p->y;

	free(p);
	BEHIND();
	return sum;
}

int
main(void)
{
	int sum = 0;

	for (int i = 0; i < 1000; i++)
		sum += work(i);
	return sum == 0;
}
