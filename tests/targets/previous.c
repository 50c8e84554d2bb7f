/* expect: next_line caller run+1 up=1000 */
/* Gives back the block of its last call before it makes the new one, as a
 * reader of lines does. */
#include <stdlib.h>

#include "target.h"

static char *line;

static NOINLINE char *
next_line(void)
{
	free(line);
	line = malloc(80);
	TOUCH(line);
	return line;
}

static NOINLINE void
run(void)
{
	for (int i = 0; i < 1000; i++)
		TOUCH(next_line());
	free(line);
	BEHIND();
}

int
main(void)
{
	run();
	return 0;
}
