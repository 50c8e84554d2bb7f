/* expect: risky stack */
/* The destructor runs while an exception passes. */
#include "target.h"


static NOINLINE void
risky()
{
	char *p = new char[96];

	TOUCH(p);
	try {
		throw 1;
	} catch (int) {
		delete[] p;
	}
	BEHIND();
}

int
main()
{
	for (int i = 0; i < 300; i++)
		risky();
	return 0;
}
