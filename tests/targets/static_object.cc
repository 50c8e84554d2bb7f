/* expect: table::table heap - up=1 */
/* expect: table::add heap - up=40 */
/* An object of static storage: its blocks live from before main to after it. */
#include <cstdlib>

#include "target.h"

struct table {
	char *first;
	char *more[40];
	int count = 0;

	NOINLINE
	table() : first(static_cast<char *>(std::malloc(80)))
	{
		TOUCH(first);
	}
	NOINLINE void
	add()
	{
		more[count] = static_cast<char *>(std::malloc(48));
		TOUCH(more[count]);
		count++;
	}
	NOINLINE ~table()
	{
		for (int i = 0; i < count; i++)
			std::free(more[i]);
		std::free(first);
		BEHIND();
	}
};

static table all;

int
main()
{
	for (int i = 0; i < 40; i++)
		all.add();
	return 0;
}
