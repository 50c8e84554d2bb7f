/* expect: work stack work+0 local=1000 */
/* The destructor's last statement is free: at -O2 a jump, from which work's own
 * frame is all that is left. */
#include <cstdlib>

#include "target.h"

struct holder {
	char *p;

	explicit holder(char *block) : p(block)
	{
	}
	NOINLINE ~holder()
	{
		TOUCH(p);
		std::free(p);
	}
};

static NOINLINE void
work()
{
	holder h(static_cast<char *>(std::malloc(64)));

	TOUCH(h.p);
}

int
main()
{
	for (int i = 0; i < 1000; i++) {
		work();
		BEHIND();
	}
	return 0;
}
