/* expect: parse stack parse+0 local=300 */
/* expect: make caller run+1 up=300 */
/* expect: name caller run+1 up=300 */
/* expect: label stack label+0 local=300 */
/* expect: run stack run+0 local=300 */
/* expect: run#2 stack run+0 local=300 */
/* expect: run#3 stack run+0 local=300 */
/* wrappers: get_memory copy_text */
/* A malloc of the program's own, and a strdup on top of it: found by what they
 * do, their callers are the sites. */
#include <stdlib.h>
#include <string.h>

#include "target.h"

static NOINLINE void *
get_memory(size_t size)
{
	void *p = malloc(size);

	if (p == NULL)
		abort();
	TOUCH(p);
	return p;
}

static NOINLINE char *
copy_text(const char *text)
{
	char *p = get_memory(strlen(text) + 1);

	strcpy(p, text);
	TOUCH(p);
	return p;
}

static NOINLINE void
parse(void)
{
	char *p = get_memory(40);

	TOUCH(p);
	free(p);
	BEHIND();
}

static NOINLINE char *
make(void)
{
	char *p = get_memory(56);

	TOUCH(p);
	return p;
}

static NOINLINE char *
name(void)
{
	char *p = copy_text("a name of twenty and some bytes");

	TOUCH(p);
	return p;
}

static NOINLINE void
label(void)
{
	char *p = copy_text("label");

	TOUCH(p);
	free(p);
	BEHIND();
}

static NOINLINE void
run(void)
{
	char *p = make(), *q = name(), *r, *s, *t;

	r = copy_text("four of the callers");
	s = copy_text("five");
	t = get_memory(24);

	parse();
	label();
	free(p);
	free(q);
	free(r);
	free(s);
	free(t);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 300; i++)
		run();
	return 0;
}
