/* expect: make caller use+1 up=3000 */
/* gcc -O2 makes a function of its own of what stands behind the first test, and inlines
 * the rest: two frames of one activation, which are one step from the site to its owner. */
#include <stdlib.h>

#include "target.h"

enum { SIZE = 72 };

static int total;

static int
make(int skip, char **to)
{
	int sum = 0;
	char *p;

	if (HIDE(skip))
		return 0;
	p = malloc(SIZE);
	TOUCH(p);
	for (int i = 0; i < SIZE; i++)
		p[i] = (char)i;
	for (int i = 0; i < SIZE; i++)
		sum += p[i] * p[SIZE - 1 - i];
	for (int i = 1; i < SIZE; i++)
		p[i] ^= p[i - 1];
	for (int i = 1; i < SIZE; i++)
		sum ^= p[i] + p[i / 2];
	*to = p;
	BEHIND();
	return sum;
}

static NOINLINE void
use(int skip)
{
	char *p = NULL;

	total += make(skip, &p);
	free(p);
	total += make(skip, &p) + make(skip + 1, &p);
	free(p);
	BEHIND();
}

static NOINLINE void
again(void)
{
	char *p = NULL;

	total += make(0, &p);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 1000; i++) {
		use(0);
		again();
	}
	return total == 1;
}
