/* expect: sum stack sum+0 local=1000 */
/* expect: cons caller collect+1 up=1000 */
/* A list that is built and destroyed in one function, and one whose nodes a
 * helper makes. */
#include <stdlib.h>

#include "target.h"

struct node {
	struct node *next;
	int value[6];
};

static NOINLINE int
sum(int count)
{
	struct node *list = NULL;
	int total = 0;

	for (int i = 0; i < count; i++) {
		struct node *node = malloc(sizeof(*node));

		TOUCH(node);
		node->next = list;
		node->value[0] = i;
		list = node;
	}
	while (list != NULL) {
		struct node *next = list->next;

		total += list->value[0];
		free(list);
		list = next;
	}
	BEHIND();
	return total;
}

static NOINLINE struct node *
cons(struct node *next, int value)
{
	struct node *node = malloc(sizeof(*node));

	TOUCH(node);
	node->next = next;
	node->value[0] = value;
	return node;
}

static NOINLINE int
collect(int count)
{
	struct node *list = NULL;
	int total = 0;

	for (int i = 0; i < count; i++)
		list = cons(list, i);
	while (list != NULL) {
		struct node *next = list->next;

		total += list->value[0];
		free(list);
		list = next;
	}
	BEHIND();
	return total;
}

int
main(void)
{
	int total = 0;

	for (int i = 0; i < 100; i++)
		total += sum(10) + collect(10);
	return total == 0;
}
