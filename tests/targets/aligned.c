/* expect: memalign_local stack memalign_local+0 local=300 */
/* expect: aligned_up caller use+1 up=300 */
/* The allocating functions that align. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
memalign_local(void)
{
	void *p = NULL;

	if (posix_memalign(&p, 64, 256) != 0)
		abort();
	TOUCH(p);
	free(p);
	BEHIND();
}

static NOINLINE char *
aligned_up(void)
{
	char *p = aligned_alloc(32, HIDE(128));

	TOUCH(p);
	return p;
}

static NOINLINE void
use(void)
{
	char *p = aligned_up();

	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 300; i++) {
		memalign_local();
		use();
	}
	return 0;
}
