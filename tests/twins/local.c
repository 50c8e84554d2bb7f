/* pattern: used only locally */
#include <stdlib.h>

#include "tests/targets/target.h"

struct point {
	int x, y;
};

static NOINLINE int
length(int n)
{
	struct point *p = malloc(sizeof(*p)); /* HERE */
	int square;

	p->x = n;
	p->y = n;
	TOUCH(p);
	square = p->x * p->x + p->y * p->y;
	free(p);
	return HIDE(square);
}

int
main(void)
{
	int sum = 0;

	for (int i = 0; i < 1000; i++)
		sum += length(i);
	TOUCH(sum);
	return 0;
}
