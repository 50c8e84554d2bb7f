/* expect: run stack run+0 local=500 */
/* Jumps to labels that are values: no table tells where they go. */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
run(const int *code)
{
	static void *const labels[] = { &&make, &&drop, &&skip, &&stop };
	char *p = NULL;

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

static const int code[] = { 0, 2, 1, 2, 2, 3 };

int
main(void)
{
	for (int i = 0; i < 500; i++)
		run(HIDE(&code[0]));
	return 0;
}
