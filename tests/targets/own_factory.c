/* expect: node_new caller run+1 up=400 */
/* It makes one kind of thing, for few callers: no wrapper, but a site. */
#include <stdlib.h>

#include "target.h"

struct node {
	struct node *next;
	int value[8];
};

static NOINLINE struct node *
node_new(int value)
{
	struct node *node = malloc(sizeof(*node));

	if (node == NULL)
		abort();
	TOUCH(node);
	node->value[0] = value;
	return node;
}

static NOINLINE void
run(int i)
{
	struct node *left = node_new(i), *right = node_new(i + 1);

	free(left);
	free(right);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 200; i++)
		run(i);
	return 0;
}
