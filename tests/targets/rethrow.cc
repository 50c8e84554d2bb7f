/* expect: fail caller run+2 up=200 */
/* expect: middle stack middle+0 local=200 */
/* Caught, something freed, and thrown on. */

#include "target.h"

static NOINLINE void
fail(int i)
{
	throw i;
}

static NOINLINE void
middle(int i)
{
	char *p = new char[80];

	TOUCH(p);
	try {
		fail(i);
	} catch (...) {
		delete[] p;
		throw;
	}
	BEHIND();
}

static NOINLINE void
run(int i)
{
	try {
		middle(i);
	} catch (int) {
		BEHIND();
	}
	BEHIND();
}

int
main()
{
	for (int i = 0; i < 200; i++)
		run(i);
	return 0;
}
