/* expect: middle stack middle+0 local=300 */
/* expect: fail caller run+2 up=150 */
/* The destructor frees on both ways: the landing pad of the exception, and the
 * plain one. */
#include <cstdlib>

#include "target.h"

struct holder {
	char *p;

	explicit holder(char *block) : p(block)
	{
	}
	~holder()
	{
		std::free(p);
	}
};

static NOINLINE void
fail(int i)
{
	if (i % 2 == 0)
		throw i;
	BEHIND();
}

static NOINLINE void
middle(int i)
{
	holder h(static_cast<char *>(std::malloc(64)));

	TOUCH(h.p);
	fail(i);
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
	for (int i = 0; i < 300; i++)
		run(i);
	return 0;
}
