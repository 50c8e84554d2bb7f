/* expect: make reuse use+1 up=400 */
/* Too large for the stack; its owner is the caller, which gets twenty of them. */
#include <stdlib.h>

#include "target.h"

static NOINLINE char *
make(void)
{
	char *p = malloc(10000);

	TOUCH(p);
	return p;
}

static NOINLINE void
use(void)
{
	for (int i = 0; i < 20; i++)
		free(make());
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 20; i++)
		use();
	return 0;
}
