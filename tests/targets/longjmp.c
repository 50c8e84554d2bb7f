/* expect: take caller attempt+1 up=500 */
/* take's block is freed where longjmp lands, past take's own end. */
#include <setjmp.h>
#include <stdlib.h>

#include "target.h"

static jmp_buf landing;
static char *volatile block;

static NOINLINE void
take(void)
{
	block = malloc(56);
	TOUCH(block);
	longjmp(landing, 1);
}

static NOINLINE void
attempt(void)
{
	if (SETJMP(landing) == 0)
		take();
	else
		free(block);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		attempt();
	return 0;
}
