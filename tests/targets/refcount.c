/* expect: object_new caller run+1 up=500 */
/* The last of its holders frees it: at times its maker's caller, at times a
 * function below that. */
#include <stdlib.h>

#include "target.h"

struct object {
	int references;
	char bytes[44];
};

static NOINLINE struct object *
object_new(void)
{
	struct object *object = malloc(sizeof(*object));

	TOUCH(object);
	object->references = 2;
	return object;
}

static NOINLINE void
object_put(struct object *object)
{
	if (--object->references == 0)
		free(object);
	BEHIND();
}

static NOINLINE void
other(struct object *object)
{
	object_put(object);
	BEHIND();
}

static NOINLINE void
run(int i)
{
	struct object *object = object_new();

	if (i % 2 == 0) {
		other(object);
		object_put(object);
	} else {
		object_put(object);
		other(object);
	}
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		run(i);
	return 0;
}
