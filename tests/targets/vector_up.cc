/* expect: numbers caller use+1 up=300 */
/* expect: work stack work+0 local=300 */
/* A vector returned by value, and one that knows its size at once. */
#include <vector>

#include "target.h"

static NOINLINE std::vector<int>
numbers(int count)
{
	std::vector<int> all(static_cast<std::size_t>(count));

	TOUCH(all.data());
	return all;
}

static NOINLINE void
use(int i)
{
	std::vector<int> all = numbers(10 + i % 20);

	TOUCH(all.data());
}

static NOINLINE void
work()
{
	std::vector<int> all;

	all.reserve(32);
	for (int i = 0; i < 32; i++)
		all.push_back(i);
	TOUCH(all.data());
}

int
main()
{
	for (int i = 0; i < 300; i++) {
		use(i);
		BEHIND();
		work();
		BEHIND();
	}
	return 0;
}
