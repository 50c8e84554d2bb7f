/* expect: first heap - up=1 */
/* Two constructors, called from one place of the loader; the second frees, at -O2
 * by a jump, what the first allocated: not the first's own frame. */
#include <stdlib.h>

#include "target.h"

static char *volatile handed;

__attribute__((constructor(200))) static void
first(void)
{
	handed = malloc(40);
	TOUCH(handed);
}

__attribute__((constructor(300))) static void
second(void)
{
	free(handed);
}

int
main(void)
{
	return 0;
}
