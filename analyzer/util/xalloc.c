#include "analyzer/util/xalloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int xalloc_status = 1;

void
xalloc_exit_with(int status)
{
	xalloc_status = status;
}

static _Noreturn void
xalloc_die(void)
{
	static const char text[] = "esc: out of memory\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(xalloc_status);
	_exit(xalloc_status);
}

void *
xmalloc(size_t size)
{
	void *block = malloc(size != 0 ? size : 1);

	if (block == NULL)
		xalloc_die();
	return block;
}

void *
xcalloc(size_t count, size_t size)
{
	void *block = count != 0 && size != 0 ? calloc(count, size) : calloc(1, 1);

	if (block == NULL)
		xalloc_die();
	return block;
}

void *
xreallocarray(void *block, size_t count, size_t size)
{
	void *moved;

	/* never the size 0 that frees */
	if (count == 0 || size == 0)
		count = size = 1;
	moved = reallocarray(block, count, size);
	if (moved == NULL)
		xalloc_die();
	return moved;
}

char *
xstrdup(const char *text)
{
	return xstrndup(text, strlen(text));
}

char *
xstrndup(const char *text, size_t len)
{
	size_t have = strnlen(text, len);
	char *copy;

	if (have == SIZE_MAX)
		xalloc_die();
	copy = xmalloc(have + 1);
	memcpy(copy, text, have);
	copy[have] = '\0';
	return copy;
}

char *
xasprintf(const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		xalloc_die();
	return text;
}

void
xsetenv(const char *name, const char *value)
{
	if (setenv(name, value, 1) != 0)
		xalloc_die();
}

void *
xgrow(void *block, size_t *cap, size_t need, size_t size)
{
	size_t more = *cap < 8 ? 8 : *cap;

	if (*cap >= need)
		return block;
	while (more < need) {
		if (more > SIZE_MAX / 2)
			xalloc_die();
		more *= 2;
	}
	*cap = more;
	return xreallocarray(block, more, size);
}
