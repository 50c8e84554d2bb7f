/* expect: run caller repeat+1 up=500 */
/* The same interpreter, left between the allocation and the free. */
#include <stdlib.h>

#include "target.h"

static char *p;

static NOINLINE void
run(const int *code)
{
	static void *const labels[] = { &&make, &&drop, &&skip, &&stop };

	goto *labels[*code++];
skip:
	BEHIND();
	goto *labels[*code++];
drop:
	free(p);
	goto *labels[*code++];
make:
	p = malloc(64);
	TOUCH(p);
	goto *labels[*code++];
stop:
	BEHIND();
}

static const int code[] = { 0, 2, 3, 1, 2, 3 };

static NOINLINE void
repeat(int count)
{
	for (int i = 0; i < count; i++)
		run(HIDE(&code[i % 2 * 3]));
	BEHIND();
}

int
main(void)
{
	repeat(1000);
	return 0;
}
