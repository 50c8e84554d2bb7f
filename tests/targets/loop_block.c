/* expect: each stack each+0 local=1000 */
/* expect: after stack after+0 local=100 */
/* expect: over buffer over+0 local=1000 */
/* In a loop: freed in the same pass; freed behind the loop; freed in the next
 * pass. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
each(void)
{
	for (int i = 0; i < 10; i++) {
		char *p = malloc(48);

		TOUCH(p);
		free(p);
	}
	BEHIND();
}

static NOINLINE void
after(int count)
{
	char *p = NULL;

	for (int i = 0; i < count; i++) {
		if (i == 3)
			p = malloc(56);
		TOUCH(p);
	}
	free(p);
	BEHIND();
}

static NOINLINE void
over(void)
{
	char *p = NULL;

	for (int i = 0; i < 10; i++) {
		char *q = malloc(16 + (size_t)i);

		TOUCH(q);
		free(p);
		p = q;
	}
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 100; i++) {
		each();
		after(10);
		over();
	}
	return 0;
}
