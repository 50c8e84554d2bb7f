/* expect: append caller text+1 up=1600 */
/* A string is built by realloc and then handed up: the last of the chain
 * belongs to the user, the others to the builder. */
#include <stdlib.h>
#include <string.h>

#include "target.h"

static NOINLINE char *
append(char *old, const char *more)
{
	size_t length = old == NULL ? 0 : strlen(old);
	char *p = realloc(old, length + strlen(more) + 1);

	if (p == NULL)
		abort();
	strcpy(p + length, more);
	TOUCH(p);
	return p;
}

static NOINLINE char *
text(void)
{
	char *p = NULL;

	p = append(p, "alpha ");
	p = append(p, "beta ");
	p = append(p, "gamma ");
	p = append(p, "delta");
	TOUCH(p);
	return p;
}

static NOINLINE void
use(void)
{
	char *p = text();

	TOUCH(p);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 400; i++)
		use();
	return 0;
}
