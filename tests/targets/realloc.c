/* expect: grow buffer grow+0 local=300 */
/* expect: grow#2 buffer grow+0 local=1800 */
/* The block is realloc'd in a loop of its own function: each realloc
 * steps back in the code, which only control flow can tell from another call. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
grow(void)
{
	char *p = malloc(16);

	for (size_t size = 32; size <= 1024; size *= 2) {
		char *q = realloc(p, size);

		if (q == NULL)
			break;
		p = q;
		TOUCH(p);
	}
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 300; i++)
		grow();
	return 0;
}
