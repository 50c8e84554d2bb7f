/* expect: copy stack copy+0 local=300 */
/* expect: line buffer line+0 local=1 */
/* expect: line#2 buffer line+0 local=1 */
/* expect: part caller use+1 up=300 */
/* ignored: main */
/* strdup, strndup, getline: the functions of libc that allocate for their
 * callers. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target.h"

static NOINLINE void
copy(void)
{
	char *p = strdup(HIDE((const char *)"something to be copied"));

	TOUCH(p);
	free(p);
	BEHIND();
}

static NOINLINE char *
part(void)
{
	char *p = strndup(HIDE((const char *)"something to be copied in part"), 20);

	TOUCH(p);
	return p;
}

static NOINLINE void
use(void)
{
	free(part());
	BEHIND();
}

static NOINLINE void
line(FILE *file)
{
	char *text = NULL;
	size_t size = 0;

	if (getline(&text, &size, file) < 0)
		abort();
	TOUCH(text);
	if (getline(&text, &size, file) < 0)
		abort();
	free(text);
	BEHIND();
}

int
main(void)
{
	char text[400], room[BUFSIZ];
	FILE *file;

	for (int i = 0; i < 300; i++) {
		copy();
		use();
	}
	memset(text, 'x', sizeof(text));
	text[50] = text[399] = '\n';
	file = fmemopen(text, sizeof(text), "r");
	if (file == NULL)
		return 1;
	setvbuf(file, room, _IOFBF, sizeof(room));
	line(file);
	return fclose(file);
}
