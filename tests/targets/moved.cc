/* expect: make caller run+2 up=300 */
/* A unique_ptr goes up by one function and is moved into another. */
#include <memory>
#include <utility>

#include "target.h"

struct node {
	int value[12];
};

static NOINLINE std::unique_ptr<node>
make()
{
	std::unique_ptr<node> p(new node());

	TOUCH(p.get());
	return p;
}

static NOINLINE std::unique_ptr<node>
checked()
{
	std::unique_ptr<node> p = make();

	TOUCH(p.get());
	return p;
}

static NOINLINE void
consume(std::unique_ptr<node> p)
{
	TOUCH(p.get());
	p.reset();
	BEHIND();
}

static NOINLINE void
run()
{
	consume(checked());
	BEHIND();
}

int
main()
{
	for (int i = 0; i < 300; i++)
		run();
	return 0;
}
