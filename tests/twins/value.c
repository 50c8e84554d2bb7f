/* pattern: value returned instead of a pointer */
#include <stdlib.h>

#include "tests/targets/target.h"

struct point {
	int x, y;
};

static NOINLINE struct point
make_point(int n)
{
	struct point p = { n, n }; /* HERE */

	TOUCH(&p);
	return p;
}

int
main(void)
{
	int sum = 0;

	for (int i = 0; i < 1000; i++) {
		struct point p = make_point(i);

		sum += p.x + p.y;
	}
	TOUCH(sum);
	/* a run without an allocation would say nothing at all */
	free(HIDE(malloc(1)));
	return 0;
}
