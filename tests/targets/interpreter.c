/* expect: op_new caller run+1 up=500 */
/* expect: op_local stack op_local+0 local=500 */
/* Many functions are called from one place: the same slot and the same return
 * address, but not the same function. */
#include <stdlib.h>

#include "target.h"

static char *reg;

static NOINLINE void
op_new(void)
{
	reg = malloc(64);
	TOUCH(reg);
	BEHIND();
}

static NOINLINE void
op_delete(void)
{
	free(reg);
	BEHIND();
}

static NOINLINE void
op_local(void)
{
	char *p = malloc(48);

	TOUCH(p);
	free(p);
	BEHIND();
}

static void (*volatile program[])(void) = { op_new, op_local, op_delete };

static NOINLINE void
run(int length)
{
	for (int i = 0; i < length; i++)
		program[i % 3]();
	BEHIND();
}

int
main(void)
{
	run(1500);
	return 0;
}
