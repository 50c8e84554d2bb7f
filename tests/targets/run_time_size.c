/* expect: rows buffer rows+0 local=500 */
/* expect: big reuse big+0 local=60 */
/* Sizes that only the run knows: small ones, and ones that grow beyond any
 * stack. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
rows(size_t count)
{
	int *p = calloc(count, sizeof(*p));

	TOUCH(p);
	free(p);
	BEHIND();
}

static NOINLINE void
big(size_t count)
{
	for (size_t i = 1; i <= 3; i++) {
		char *p = malloc(count * i);

		TOUCH(p);
		free(p);
	}
	BEHIND();
}

int
main(void)
{
	for (size_t i = 0; i < 500; i++)
		rows(1 + i % 90);
	for (size_t i = 0; i < 20; i++)
		big(3000 + 10 * i);
	return 0;
}
