/* expect: work buffer work+0 local=1000 */
#include <stdlib.h>

#include "target.h"

static NOINLINE void
work(size_t size)
{
	char *p = malloc(size);

	TOUCH(p);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (size_t i = 0; i < 1000; i++)
		work(16 + i % 100);
	return 0;
}
