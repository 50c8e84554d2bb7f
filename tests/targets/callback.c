/* expect: compare stack compare+0 local=56 */
/* expect: sorted caller run+1 up=14 */
/* Called back by a function of libc. */
#include <stdlib.h>
#include <string.h>

#include "target.h"

static int
compare(const void *a, const void *b)
{
	char *p = malloc(300);
	int order = memcmp(a, b, 1);

	TOUCH(p);
	free(p);
	return order;
}

static NOINLINE char *
sorted(void)
{
	char *p = malloc(64);

	if (p == NULL)
		abort();
	memcpy(p, "dbca", 4);
	TOUCH(p);
	return p;
}

static NOINLINE void
run(void)
{
	char *p = sorted();
	char key[] = "c";

	for (int i = 0; i < 4; i++)
		TOUCH(bsearch(HIDE(&key[0]), "abcd", 4, 1, compare));
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 14; i++)
		run();
	return 0;
}
