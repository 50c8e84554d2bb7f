/* expect: work stack work+0 local=500 */
/* work ends in a call of release, which ends in a call of free: at -O2 both
 * are jumps, and no frame of either is left. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
release(char *p)
{
	TOUCH(p);
	free(p);
}

static NOINLINE void
work(void)
{
	char *p = malloc(48);

	TOUCH(p);
	release(p);
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
