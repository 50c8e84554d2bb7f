/* expect: square_open caller run+1 up=250 */
/* expect: circle_open caller run+1 up=250 */
/* Made and destroyed through tables of functions. */
#include <stdlib.h>

#include "target.h"

struct shape {
	double measure[4];
};

struct kind {
	struct shape *(*open)(void);
	void (*close)(struct shape *shape);
};

static NOINLINE struct shape *
square_open(void)
{
	struct shape *shape = malloc(sizeof(*shape));

	TOUCH(shape);
	shape->measure[0] = 1;
	return shape;
}

static NOINLINE struct shape *
circle_open(void)
{
	struct shape *shape = malloc(sizeof(*shape) + 8);

	TOUCH(shape);
	shape->measure[0] = 2;
	return shape;
}

static NOINLINE void
plain_close(struct shape *shape)
{
	free(shape);
	BEHIND();
}

static const struct kind kinds[] = {
	{ square_open, plain_close },
	{ circle_open, plain_close },
};

static NOINLINE void
run(int i)
{
	const struct kind *kind = HIDE(&kinds[i % 2]);
	struct shape *shape = kind->open();

	TOUCH(shape);
	kind->close(shape);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		run(i);
	return 0;
}
