/* expect: make caller use+1 up=1000 */
#include <memory>

#include "target.h"

struct node {
	int value[10];
};

static NOINLINE std::unique_ptr<node>
make()
{
	std::unique_ptr<node> p(new node());

	TOUCH(p.get());
	return p;
}

static NOINLINE void
use()
{
	std::unique_ptr<node> p = make();

	TOUCH(p.get());
	p.reset();
	BEHIND();
}

int
main()
{
	for (int i = 0; i < 1000; i++)
		use();
	return 0;
}
