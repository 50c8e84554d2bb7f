/* expect: box_new caller use+1 up=500 */
/* expect: local stack local+0 local=500 */
/* Nothing says whether these are inlined: at -O0 none is, at -O2 all are. */
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

static void
box_free(struct box *box)
{
	TOUCH(box);
	free(box);
	BEHIND();
}

static int
use(int i)
{
	struct box *box = box_new(i);
	int count;

	TOUCH(box);
	count = box->count;
	box_free(box);
	return count;
}

static int
local(int i)
{
	struct box *box = malloc(sizeof(*box));
	int count;

	TOUCH(box);
	box->count = i;
	box->text[0] = 1;
	TOUCH(box);
	count = box->count;
	box_free(box);
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
