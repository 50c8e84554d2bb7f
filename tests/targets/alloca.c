/* expect: work stack work+0 local=500 */
/* expect: make caller work+1 up=500 */
/* A frame whose size differs from call to call, and within one. */
#include <alloca.h>
#include <stdlib.h>

#include "target.h"

static NOINLINE char *
make(void)
{
	char *p = malloc(40);

	TOUCH(p);
	return p;
}

static NOINLINE void
work(size_t size)
{
	char *p = malloc(56);
	char *room, *q;

	TOUCH(p);
	room = alloca(size);
	TOUCH(room);
	q = make();
	room = alloca(2 * size);
	TOUCH(room);
	free(q);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		work(16 + i % 50 * 16);
	return 0;
}
