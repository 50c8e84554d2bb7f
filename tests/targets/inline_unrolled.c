/* expect: step caller work+1 up=500 */
/* The same in a loop that is unrolled to two calls with nothing between them. */
#include <stdlib.h>

#include "target.h"

static INLINE void
step(char **slot, int make)
{
	if (make) {
		*slot = malloc(48);
		TOUCH(*slot);
	} else {
		free(*slot);
	}
}

static NOINLINE void
work(void)
{
	char *p = NULL;

	for (int i = 0; i < 2; i++)
		step(&p, i == 0);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		work();
	return 0;
}
