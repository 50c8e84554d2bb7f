/* expect: work caller main+1 up=300 */
/* flags: -fno-builtin */
/* Programs bring a reallocarray of their own: where it gives nothing it calls nothing,
 * and whoever called it has not allocated. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "target.h"

void *reallocarray(void *old, size_t count, size_t size);

static char *kept;

NOINLINE void *
reallocarray(void *old, size_t count, size_t size)
{
	if (count > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, count * size);
}

static NOINLINE void
work(size_t count)
{
	char *p = reallocarray(NULL, count, 8);

	if (HIDE(p == NULL))
		free(kept);
	else
		kept = p;
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 600; i++)
		work(i % 2 == 0 ? 4 : SIZE_MAX);
	return 0;
}
