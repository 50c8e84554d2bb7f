/* expect: risky stack risky+0 local=300 */
/* expect: risky#2 stack risky+0 local=300 */
/* At -O2 gcc puts the handler into a part of its own, risky.cold, whose order
 * only control flow can tell. */
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
