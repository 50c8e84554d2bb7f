/* pattern: size known only at run time */
/* differs: the compiler does not know the size; the run saw all of them, and how many a
 * buffer of fixed size would hold */
#include <stdlib.h>
#include <string.h>

#include "tests/targets/target.h"

static NOINLINE int
fill(int n)
{
	char *buffer = malloc((size_t)n); /* HERE */
	int at;

	memset(buffer, n, (size_t)n);
	TOUCH(buffer);
	at = buffer[n / 2];
	free(buffer);
	return HIDE(at);
}

int
main(void)
{
	int sum = 0;

	for (int i = 0; i < 1000; i++)
		sum += fill(16 + i % 100);
	TOUCH(sum);
	return 0;
}
