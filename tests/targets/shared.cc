/* expect: make caller run+1 up=300 */
/* expect: last stack last+0 local=300 */
/* shared_ptr: the last of two holders destroys; and one that never leaves its
 * function. */
#include <memory>

#include "target.h"

struct node {
	int value[8];
};

static NOINLINE std::shared_ptr<node>
make()
{
	std::shared_ptr<node> p = std::make_shared<node>();

	TOUCH(p.get());
	return p;
}

static NOINLINE void
use(std::shared_ptr<node> p)
{
	TOUCH(p.get());
	BEHIND();
}

static NOINLINE void
last()
{
	std::shared_ptr<node> p = std::make_shared<node>();

	use(p);
	p.reset();
	BEHIND();
}

static NOINLINE void
run()
{
	std::shared_ptr<node> p = make();

	use(p);
	p.reset();
	BEHIND();
	last();
	BEHIND();
}

int
main()
{
	for (int i = 0; i < 300; i++)
		run();
	return 0;
}
