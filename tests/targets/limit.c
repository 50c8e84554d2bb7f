/* expect: fits stack fits+0 local=100 */
/* expect: over large over+0 local=100 */
/* The largest block that may stand on the stack, and one more byte. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
fits(void)
{
	char *p = malloc(4096);

	TOUCH(p);
	free(p);
	BEHIND();
}

static NOINLINE void
over(void)
{
	char *p = malloc(4097);

	TOUCH(p);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 100; i++) {
		fits();
		over();
	}
	return 0;
}
