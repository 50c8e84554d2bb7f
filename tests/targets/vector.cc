/* expect: work buffer work+0 local=1800 */
/* push_back in a loop: the growing buffers live in work, though the loop steps back. */
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
