/* expect: put caller run+1 up=1000 */
/* A hash table: one call puts an entry in, a later one takes it out. */
#include <stdlib.h>

#include "target.h"

struct entry {
	struct entry *next;
	int key;
	char value[40];
};

static struct entry *buckets[16];

static NOINLINE void
put(int key)
{
	struct entry *entry = malloc(sizeof(*entry));

	TOUCH(entry);
	entry->key = key;
	entry->next = buckets[key % 16];
	buckets[key % 16] = entry;
}

static NOINLINE void
take(int key)
{
	struct entry **link = &buckets[key % 16], *entry;

	while ((*link)->key != key)
		link = &(*link)->next;
	entry = *link;
	*link = entry->next;
	free(entry);
	BEHIND();
}

static NOINLINE void
run(void)
{
	for (int key = 0; key < 1000; key++) {
		put(key);
		if (key >= 50)
			take(key - 50);
	}
	for (int key = 950; key < 1000; key++)
		take(key);
	BEHIND();
}

int
main(void)
{
	run();
	return 0;
}
