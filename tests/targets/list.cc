/* expect: collect stack collect+0 local=500 */
/* expect: fill caller use+1 up=500 */
/* std::list: in one function, and returned. */
#include <list>

#include "target.h"

static NOINLINE int
collect()
{
	std::list<int> numbers;

	for (int i = 0; i < 5; i++)
		numbers.push_back(i);
	TOUCH(&numbers);
	return numbers.front();
}

static NOINLINE std::list<long>
fill()
{
	std::list<long> numbers;

	for (int i = 0; i < 5; i++)
		numbers.push_back(i);
	TOUCH(&numbers);
	return numbers;
}

static NOINLINE void
use()
{
	std::list<long> numbers = fill();

	TOUCH(&numbers);
}

int
main()
{
	int sum = 0;

	for (int i = 0; i < 100; i++) {
		sum += collect();
		BEHIND();
		use();
		BEHIND();
	}
	return sum == 1;
}
