/* pattern: slice grown in a loop */
#include <vector>

#include "tests/targets/target.h"

static NOINLINE int
collect(int n)
{
	std::vector<int> all;

	for (int i = 0; i < n; i++)
		all.push_back(i); /* HERE */
	return HIDE(all[(unsigned)n / 2]);
}

int
main()
{
	int sum = 0;

	for (int i = 0; i < 1000; i++)
		sum += collect(1 + i % 40);
	TOUCH(sum);
}
