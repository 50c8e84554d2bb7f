/* expect: serve stack serve+0 local=299 censored=1 */
/* expect: main live censored=1 */
/* The program ends inside of serve, which still holds a block; so does main.
 * Neither has escaped. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
serve(int i)
{
	char *p = malloc(64);

	TOUCH(p);
	if (i == 299)
		exit(0);
	free(p);
	BEHIND();
}

int
main(void)
{
	char *all = malloc(512);

	TOUCH(all);
	for (int i = 0;; i++)
		serve(i);
}
