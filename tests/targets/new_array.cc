/* expect: work stack work+0 local=300 */
/* expect: make caller use+1 up=300 */
/* operator new[] with and without destructors to call. */

#include "target.h"

struct item {
	int value[4];

	item() : value()
	{
	}
	NOINLINE ~item()
	{
		BEHIND();
	}
};

static NOINLINE void
work()
{
	int *p = new int[20];

	TOUCH(p);
	delete[] p;
	BEHIND();
}

static NOINLINE item *
make()
{
	item *items = new item[4];

	TOUCH(items);
	return items;
}

static NOINLINE void
use()
{
	item *items = make();

	TOUCH(items);
	delete[] items;
	BEHIND();
}

int
main()
{
	for (int i = 0; i < 300; i++) {
		work();
		use();
	}
	return 0;
}
