/* expect: work reuse work+0 local=400 */
/* Too large for the stack, and many in one call. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
work(void)
{
	for (int i = 0; i < 20; i++) {
		char *p = malloc(10000);

		TOUCH(p);
		free(p);
	}
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 20; i++)
		work();
	return 0;
}
