/* pattern: passed to a variadic function that formats it */
/* differs: Go boxes what becomes an interface, and cannot see what its methods do with
 * it; the run saw that the formatting only reads it */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/targets/target.h"

static NOINLINE void
print(FILE *out, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	fprintf(out, format, *va_arg(values, int *));
	va_end(values);
}

static NOINLINE void
log_value(FILE *out, int n)
{
	int *boxed = malloc(sizeof(*boxed)); /* HERE */

	*boxed = n;
	print(out, "%d\n", boxed);
	free(boxed);
	BEHIND();
}

int
main(void)
{
	FILE *out = fopen("/dev/null", "w");

	for (int i = 0; out && i < 1000; i++)
		log_value(out, i);
	return out ? fclose(out) : 1;
}
