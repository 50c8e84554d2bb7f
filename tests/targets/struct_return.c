/* expect: split caller use+1 up=400 */
/* expect: split#2 caller use+1 up=400 */
/* Two pointers in a struct that is returned by value. */
#include <stdlib.h>

#include "target.h"

struct pair {
	char *left, *right;
};

static NOINLINE struct pair
split(void)
{
	struct pair pair;

	pair.left = malloc(32);
	TOUCH(pair.left);
	pair.right = malloc(48);
	TOUCH(pair.right);
	return pair;
}

static NOINLINE void
use(void)
{
	struct pair pair = split();

	free(pair.left);
	free(pair.right);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 400; i++)
		use();
	return 0;
}
