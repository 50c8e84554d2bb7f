/* expect: grow caller use+3 up=700 */
/* A tree, built by one function and destroyed by another: its nodes all belong to the
 * function that calls both. */
#include <stdlib.h>

#include "target.h"

struct node {
	struct node *left, *right;
	int value[4];
};

static NOINLINE struct node *
grow(int depth)
{
	struct node *node = calloc(1, sizeof(*node));

	TOUCH(node);
	if (depth > 0) {
		node->left = grow(depth - 1);
		node->right = grow(depth - 1);
	}
	return node;
}

static NOINLINE void
destroy(struct node *node)
{
	if (node == NULL)
		return;
	destroy(node->left);
	destroy(node->right);
	free(node);
	BEHIND();
}

static NOINLINE void
use(void)
{
	destroy(grow(2));
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 100; i++)
		use();
	return 0;
}
