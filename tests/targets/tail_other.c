/* expect: store caller run+1 up=500 */
/* drop frees, by a jump, what store left: drop's caller must not be taken for
 * store's frame. */
#include <stdlib.h>

#include "target.h"

static char *slot;

static NOINLINE void
store(void)
{
	slot = malloc(64);
	TOUCH(slot);
}

static NOINLINE void
drop(void)
{
	free(slot);
}

static NOINLINE void
run(void)
{
	for (int i = 0; i < 500; i++) {
		store();
		drop();
	}
	BEHIND();
}

int
main(void)
{
	run();
	return 0;
}
