/* expect: fail caller run+3 up=300 */
/* What is thrown is a block too: made where it is thrown, freed where it is
 * caught, three up. */

#include "target.h"

static NOINLINE void
fail(int i)
{
	throw i;
}

static NOINLINE void
middle(int i)
{
	fail(i);
	BEHIND();
}

static NOINLINE void
outer(int i)
{
	middle(i);
	BEHIND();
}

static NOINLINE void
run(int i)
{
	try {
		outer(i);
	} catch (int) {
		BEHIND();
	}
	BEHIND();
}

int
main()
{
	for (int i = 0; i < 300; i++)
		run(i);
	return 0;
}
