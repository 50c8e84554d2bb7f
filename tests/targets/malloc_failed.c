/* expect: turn caller main+1 up=300 */
/* A call that cannot allocate frees what the call before kept. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "target.h"

static char *kept;

static NOINLINE void
turn(size_t size)
{
	char *p = malloc(size);

	TOUCH(p);
	if (p != NULL) {
		kept = p;
	} else {
		if (errno != ENOMEM)
			abort();
		free(kept);
	}
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 600; i++) {
		errno = 0;
		turn(HIDE(i % 2 == 0 ? (size_t)64 : SIZE_MAX / 2));
	}
	return 0;
}
