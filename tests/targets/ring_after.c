/* expect: push caller run+1 up=5000 */
/* The ring that frees after it allocates: the call sites lie in the order of a
 * local block, and still every block escapes push. */
#include <stdlib.h>

#include "target.h"

enum { SLOTS = 64 };

static char *ring[SLOTS];

static NOINLINE void
push(unsigned int n)
{
	char *old = ring[n % SLOTS];
	char *p = malloc(40);

	TOUCH(p);
	ring[n % SLOTS] = p;
	free(old);
	BEHIND();
}

static NOINLINE void
run(void)
{
	for (unsigned int n = 0; n < 5000; n++)
		push(n);
	BEHIND();
}

int
main(void)
{
	run();
	for (int i = 0; i < SLOTS; i++)
		free(ring[i]);
	return 0;
}
