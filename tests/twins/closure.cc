/* pattern: captured by a closure that is returned */
#include <functional>
#include <memory>

#include "tests/targets/target.h"

static NOINLINE std::function<int()>
counter()
{
	std::unique_ptr<int> owned(new int(0)); /* HERE */
	std::shared_ptr<int> n(std::move(owned));

	return [n]() { return ++*n; };
}

static NOINLINE int
use()
{
	std::function<int()> next = counter();

	return next() + next();
}

int
main()
{
	int sum = 0;

	for (int i = 0; i < 1000; i++)
		sum += use();
	TOUCH(sum);
}
