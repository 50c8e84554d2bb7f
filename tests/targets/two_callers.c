/* expect: duplicate heap parse_line+1 up=900 live=100 */
/* One site, called from two places: the blocks of one are freed at once, those
 * of the other are kept. */
#include <stdlib.h>
#include <string.h>

#include "target.h"

static char *kept[100];
static int count;

static NOINLINE char *
duplicate(const char *text)
{
	size_t size = strlen(text) + 1;
	char *p = malloc(size);

	if (p == NULL)
		abort();
	memcpy(p, text, size);
	TOUCH(p);
	return p;
}

static NOINLINE void
parse_line(void)
{
	char *p = duplicate("a line of the file that is read");

	TOUCH(p);
	free(p);
	BEHIND();
}

static NOINLINE void
load_config(void)
{
	kept[count++] = duplicate("the value of a setting");
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 100; i++)
		load_config();
	for (int i = 0; i < 900; i++)
		parse_line();
	return kept[3] == NULL;
}
