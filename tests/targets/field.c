/* expect: object_new caller run+1 up=300 */
/* expect: object_name caller run+1 up=300 */
/* A block in a field of a block: one function makes each, one destroys both. */
#include <stdlib.h>
#include <string.h>

#include "target.h"

struct object {
	char *name;
	int value;
};

static NOINLINE struct object *
object_new(void)
{
	struct object *object = calloc(1, sizeof(*object) + 16);

	TOUCH(object);
	return object;
}

static NOINLINE void
object_name(struct object *object, const char *name)
{
	object->name = strdup(HIDE(name));
	TOUCH(object->name);
}

static NOINLINE void
object_free(struct object *object)
{
	free(object->name);
	free(object);
	BEHIND();
}

static NOINLINE void
run(void)
{
	struct object *object = object_new();

	object_name(object, "a name of some length");
	object_free(object);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 300; i++)
		run();
	return 0;
}
