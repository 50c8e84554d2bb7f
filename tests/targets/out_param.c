/* expect: make caller use+1 up=500 */
/* Handed up through a parameter. */
#include <stdlib.h>

#include "target.h"

static NOINLINE int
make(char **out)
{
	*out = malloc(64);
	TOUCH(*out);
	return *out == NULL ? -1 : 0;
}

static NOINLINE void
use(void)
{
	char *p;

	if (make(&p) == 0)
		free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		use();
	return 0;
}
