/* expect: make caller work+1 up=500 */
/* Made in one instance of an inlined helper, freed in the next one: the owner
 * is the function around both. */
#include <stdlib.h>

#include "target.h"

static INLINE void
make(char **block, int fresh)
{
	if (fresh) {
		*block = malloc(48);
		TOUCH(*block);
	} else {
		free(*block);
	}
}

static NOINLINE void
work(void)
{
	char *block = NULL;

	make(&block, HIDE(1));
	make(&block, HIDE(0));
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		work();
	return 0;
}
