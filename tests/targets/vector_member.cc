/* expect: bag::add caller run+1 up=1500 */
/* A vector that is a member: a method makes it grow, the object's owner
 * destroys it. */
#include <vector>

#include "target.h"

struct bag {
	std::vector<long> items;

	NOINLINE void
	add(long item)
	{
		items.push_back(item);
		BEHIND();
	}
};

static NOINLINE void
run()
{
	bag b;

	for (long i = 0; i < 16; i++)
		b.add(i);
	TOUCH(b.items.data());
}

int
main()
{
	for (int i = 0; i < 300; i++) {
		run();
		BEHIND();
	}
	return 0;
}
