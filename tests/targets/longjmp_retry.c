/* expect: attempt stack attempt+0 local=400 */
/* expect: run stack run+0 local=200 */
/* Jumps back to before the allocation, and allocates again. */
#include <setjmp.h>
#include <stdlib.h>

#include "target.h"

static jmp_buf landing;

static NOINLINE void
attempt(volatile int *tries)
{
	char *p = malloc(56);

	TOUCH(p);
	(*tries)++;
	free(p);
	if (*tries < 2)
		longjmp(landing, 1);
	BEHIND();
}

static NOINLINE void
run(void)
{
	volatile int tries = 0;
	char *volatile p = malloc(88);

	TOUCH(p);
	(void)SETJMP(landing);
	attempt(&tries);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 200; i++)
		run();
	return 0;
}
