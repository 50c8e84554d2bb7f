/* expect: work stack work+0 local=500 */
/* Freed by a cleanup attribute, on each of three ways out. */
#include <stdlib.h>

#include "target.h"

static void
drop(char **p)
{
	free(*p);
	BEHIND();
}

static NOINLINE int
work(int i)
{
	__attribute__((cleanup(drop))) char *p = malloc(64);

	TOUCH(p);
	if (i % 3 == 0)
		return 1;
	BEHIND();
	if (i % 3 == 1)
		return 2;
	TOUCH(p);
	return 3;
}

int
main(void)
{
	int sum = 0;

	for (int i = 0; i < 500; i++)
		sum += work(i);
	return sum == 0;
}
