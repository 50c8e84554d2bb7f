/* pattern: stored in a global variable */
#include <stdlib.h>

#include "tests/targets/target.h"

struct config {
	int level;
};

static struct config *current;

static NOINLINE void
configure(int n)
{
	struct config *config = malloc(sizeof(*config)); /* HERE */

	config->level = n;
	current = config;
	BEHIND();
}

static NOINLINE void
forget(void)
{
	free(current);
	current = NULL;
	BEHIND();
}

static NOINLINE void
serve(void (*next)(int), int n)
{
	next(n);
	BEHIND();
}

int
main(void)
{
	int sum = 0;

	for (int i = 0; i < 1000; i++) {
		serve(configure, i);
		sum += current->level;
		forget();
	}
	TOUCH(sum);
	return 0;
}
