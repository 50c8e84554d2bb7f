/* pattern: too large for the stack */
#include <stdlib.h>
#include <string.h>

#include "tests/targets/target.h"

static NOINLINE int
fill(int n)
{
	char *buffer = malloc(128 << 10); /* HERE */
	int at;

	memset(buffer, n, 128 << 10);
	TOUCH(buffer);
	at = buffer[n];
	free(buffer);
	return HIDE(at);
}

int
main(void)
{
	int sum = 0;

	for (int i = 0; i < 1000; i++)
		sum += fill(i);
	TOUCH(sum);
	return 0;
}
