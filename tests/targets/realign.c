/* expect: make caller work+1 up=500 */
/* expect: work stack work+0 local=500 */
/* A frame that is aligned to 64 bytes. */
#include <stdlib.h>

#include "target.h"

struct wide {
	_Alignas(64) char bytes[64];
};

static NOINLINE char *
make(struct wide *wide)
{
	char *p = malloc(40);

	TOUCH(wide);
	TOUCH(p);
	return p;
}

static NOINLINE void
work(void)
{
	struct wide wide;
	char *p = malloc(200), *q;

	TOUCH(p);
	q = make(&wide);
	TOUCH(q);
	free(p);
	free(q);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		work();
	return 0;
}
