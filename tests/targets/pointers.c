/* expect: words stack words+0 local=100 */
/* expect: word caller words+1 up=1000 */
/* An array of pointers, made and freed by one function; what they point to
 * comes from another. */
#include <stdlib.h>

#include "target.h"

static NOINLINE char *
word(int i)
{
	char *p = malloc(40);

	TOUCH(p);
	p[0] = (char)i;
	return p;
}

static NOINLINE void
words(void)
{
	char **array = calloc(10, sizeof(*array));

	TOUCH(array);
	for (int i = 0; i < 10; i++)
		array[i] = word(i);
	for (int i = 0; i < 10; i++)
		free(array[i]);
	free(array);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 100; i++)
		words();
	return 0;
}
