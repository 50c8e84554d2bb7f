/* expect: box_new caller use+1 up=500 */
/* expect: local stack local+0 local=500 */
/* Once box_new is inlined, use and local are equal, and gcc keeps one of them. */
#include <stdlib.h>

#include "target.h"

struct box {
	int count;
	char text[60];
};

static struct box *
box_new(int count)
{
	struct box *box = malloc(sizeof(*box));

	TOUCH(box);
	box->count = count;
	return box;
}

static int
use(int i)
{
	struct box *box = box_new(i);
	int count;

	TOUCH(box);
	count = box->count;
	free(box);
	BEHIND();
	return count;
}

static int
local(int i)
{
	struct box *box = malloc(sizeof(*box));
	int count;

	TOUCH(box);
	box->count = i;
	TOUCH(box);
	count = box->count;
	free(box);
	BEHIND();
	return count;
}

int
main(void)
{
	int sum = 0;

	for (int i = 0; i < 500; i++)
		sum += use(i) + local(i);
	return sum == 1;
}
