/* expect: work stack work+0 local=1000 */
/* Its last statement is free: at -O2 a jump, after which no frame is left. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
work(void)
{
	char *p = malloc(48);

	TOUCH(p);
	free(p);
}

int
main(void)
{
	for (int i = 0; i < 1000; i++) {
		work();
		BEHIND();
	}
	return 0;
}
