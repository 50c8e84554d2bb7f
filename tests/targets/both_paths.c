/* expect: work stack work+0 local=500 */
/* Every way out has a free of its own. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
note(const char *p)
{
	TOUCH(p);
	BEHIND();
}

static NOINLINE int
work(int i)
{
	char *p = malloc(64);

	TOUCH(p);
	if (i % 2 == 0) {
		note(p);
		free(p);
		BEHIND();
		return 1;
	}
	free(p);
	BEHIND();
	return 2;
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		work(i);
	return 0;
}
