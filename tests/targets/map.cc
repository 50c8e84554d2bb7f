/* expect: count stack count+0 local=800 */
/* A std::map that lives in one function: a block a node. */
#include <map>

#include "target.h"

static NOINLINE int
count(int i)
{
	std::map<int, int> seen;

	for (int k = 0; k < 8; k++)
		seen[(k * 5 + i) % 8]++;
	TOUCH(&seen);
	return static_cast<int>(seen.size());
}

int
main()
{
	int sum = 0;

	for (int i = 0; i < 100; i++) {
		sum += count(i);
		BEHIND();
	}
	return sum == 0;
}
