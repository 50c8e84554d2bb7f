/* expect: op_store caller run+1 up=900 */
/* An operation of an interpreter that frees what the same operation stored
 * before, called from the one place again and again. */
#include <stdlib.h>

#include "target.h"

static char *cell;

static NOINLINE void
op_store(void)
{
	free(cell);
	cell = malloc(64);
	TOUCH(cell);
	BEHIND();
}

static NOINLINE void
op_nothing(void)
{
	BEHIND();
}

static void (*volatile program[])(void) = { op_store, op_nothing, op_store };

static NOINLINE void
run(int length)
{
	for (int i = 0; i < length; i++)
		program[i % 3]();
	free(cell);
	BEHIND();
}

int
main(void)
{
	run(1350);
	return 0;
}
