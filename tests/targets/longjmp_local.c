/* expect: parse stack parse+0 local=600 */
/* setjmp and the allocation stand in one function, which frees on both ways. */
#include <setjmp.h>
#include <stdlib.h>

#include "target.h"

static jmp_buf landing;

static NOINLINE void
check(int i)
{
	if (i % 3 == 0)
		longjmp(landing, 1);
	BEHIND();
}

static NOINLINE void
parse(int i)
{
	char *volatile p = malloc(64);

	TOUCH(p);
	if (SETJMP(landing) == 0)
		check(i);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 600; i++)
		parse(i);
	return 0;
}
