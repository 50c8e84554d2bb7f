/* expect: work stack work+0 local=500 */
/* The release is a jump through a pointer: no call site in the debug
 * information says where it went. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
release(char *p)
{
	TOUCH(p);
	free(p);
}

static void (*volatile releaser)(char *) = release;

static NOINLINE void
work(void)
{
	char *p = malloc(48);

	TOUCH(p);
	releaser(p);
}

int
main(void)
{
	for (int i = 0; i < 500; i++) {
		work();
		BEHIND();
	}
	return 0;
}
