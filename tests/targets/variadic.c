/* expect: format caller say+1 up=500 */
/* expect: say buffer say+0 local=1000 */
/* Formatting: a variadic function returns the text; asprintf, which allocates
 * for whom it is called by. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "target.h"

static NOINLINE __attribute__((format(printf, 1, 2))) char *
format(const char *text, ...)
{
	va_list arguments;
	char *p = malloc(128);

	if (p == NULL)
		abort();
	va_start(arguments, text);
	vsnprintf(p, 128, text, arguments);
	va_end(arguments);
	TOUCH(p);
	return p;
}

static NOINLINE void
say(int i)
{
	char *p = format("%d and %s", i, "more"), *q;

	if (asprintf(&q, "%s, then %0*d", p, 2 + i % 7, i % 10) < 0)
		abort();
	TOUCH(q);
	free(p);
	free(q);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 500; i++)
		say(i);
	return 0;
}
