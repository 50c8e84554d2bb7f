/* expect: operator() caller run+1 up=300 */
/* expect: operator()#2 stack operator()+0 local=300 */
/* Allocated inside of lambdas. */
#include <cstdlib>

#include "target.h"

static NOINLINE void
run()
{
	auto make = []() __attribute__((noinline))
	{
		char *p = static_cast<char *>(std::malloc(48));

		TOUCH(p);
		return p;
	};
	auto local = []() __attribute__((noinline))
	{
		char *p = static_cast<char *>(std::malloc(64));

		TOUCH(p);
		std::free(p);
		BEHIND();
	};
	char *p = make();

	local();
	std::free(p);
	BEHIND();
}

int
main()
{
	for (int i = 0; i < 300; i++)
		run();
	return 0;
}
