/* expect: work stack work+0 local=600 */
/* On the rare path it is freed in a part of the function that stands
 * elsewhere. */
#include <stdlib.h>

#include "target.h"

static NOINLINE __attribute__((cold)) void
complain(int i)
{
	TOUCH(&i);
	BEHIND();
}

static NOINLINE int
work(int i)
{
	char *p = malloc(64);

	TOUCH(p);
	if (__builtin_expect(i % 100 == 99, 0)) {
		complain(i);
		free(p);
		complain(i + 1);
		return -1;
	}
	TOUCH(p);
	free(p);
	BEHIND();
	return 0;
}

int
main(void)
{
	for (int i = 0; i < 600; i++)
		work(i);
	return 0;
}
