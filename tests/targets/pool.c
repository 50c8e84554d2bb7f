/* expect: take live live=5 */
/* expect: last stack last+0 local=1 */
/* A free list: five blocks do for a thousand uses, and none is ever given
 * back. */
#include <stdlib.h>

#include "target.h"

struct slot {
	struct slot *next;
	char bytes[200];
};

static struct slot *unused;

static NOINLINE struct slot *
take(void)
{
	struct slot *slot = unused;

	if (slot != NULL) {
		unused = slot->next;
		return slot;
	}
	slot = malloc(sizeof(*slot));
	TOUCH(slot);
	return slot;
}

static NOINLINE void
give(struct slot *slot)
{
	slot->next = unused;
	unused = slot;
}

static NOINLINE void
work(void)
{
	struct slot *slots[5];

	for (int i = 0; i < 5; i++)
		slots[i] = take();
	for (int i = 0; i < 5; i++)
		give(slots[i]);
	BEHIND();
}

static NOINLINE void
last(void)
{
	char *p = malloc(8);

	TOUCH(p);
	free(p);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 200; i++)
		work();
	last();
	return 0;
}
