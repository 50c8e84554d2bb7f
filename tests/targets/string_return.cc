/* expect: greeting caller use+1 up=400 */
/* A std::string is returned by value, its block with it. */
#include <string>

#include "target.h"

static NOINLINE std::string
greeting(int i)
{
	std::string text(50 + static_cast<unsigned>(i % 3), 'x');

	TOUCH(text.data());
	return text;
}

static NOINLINE void
use(int i)
{
	std::string text = greeting(i);

	TOUCH(text.data());
}

int
main()
{
	for (int i = 0; i < 400; i++) {
		use(i);
		BEHIND();
	}
	return 0;
}
