/* expect: work buffer|unknown */
/* push_back in a loop: the growing buffers live in work, but the loop's step
 * back hides that until control flow is read. */
#include <vector>

#include "target.h"

static NOINLINE void
work()
{
	std::vector<int> numbers;

	for (int i = 0; i < 20; i++)
		numbers.push_back(i);
	TOUCH(numbers.data());
}

int
main()
{
	for (int i = 0; i < 300; i++)
		work();
	return 0;
}
