/* expect: work stack work+0 local=1000 */
/* A std::string too long for its own buffer, alive in one function. */
#include <string>

#include "target.h"

static NOINLINE void
work(int i)
{
	std::string text(40, static_cast<char>('a' + i % 26));

	TOUCH(text.data());
}

int
main()
{
	for (int i = 0; i < 1000; i++)
		work(i);
	return 0;
}
