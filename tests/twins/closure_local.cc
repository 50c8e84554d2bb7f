/* pattern: captured by a closure that is called here only */
#include <functional>

#include "tests/targets/target.h"

struct table {
	int at[8];
};

static NOINLINE int
sum(int limit)
{
	struct table table = {};
	int last = 0;

	TOUCH(&table);
	auto lambda = [table](int n) mutable { return table.at[n % 8] += n; };
	std::function<int(int)> add = lambda; /* HERE */
	for (int i = 0; i < limit; i++)
		last = add(i);
	return last;
}

int
main()
{
	int all = 0;

	for (int i = 0; i < 1000; i++)
		all += sum(i % 20);
	TOUCH(all);
}
