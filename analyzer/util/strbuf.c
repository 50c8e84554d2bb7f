#include "analyzer/util/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/util/xalloc.h"

/* Room for `len` bytes more and the NUL. */
static void
strbuf_reserve(struct strbuf *buf, size_t len)
{
	/* a size that cannot be: let the allocator refuse it */
	size_t need = len < SIZE_MAX - buf->len - 1 ? buf->len + len + 1 : SIZE_MAX;

	buf->text = xgrow(buf->text, &buf->cap, need, 1);
}

void
strbuf_add(struct strbuf *buf, const void *bytes, size_t len)
{
	strbuf_reserve(buf, len);
	if (len != 0)
		memcpy(buf->text + buf->len, bytes, len);
	buf->len += len;
	buf->text[buf->len] = '\0';
}

void
strbuf_adds(struct strbuf *buf, const char *text)
{
	strbuf_add(buf, text, strlen(text));
}

void
strbuf_addf(struct strbuf *buf, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		return;
	strbuf_reserve(buf, (size_t)len);
	va_start(args, format);
	(void)vsnprintf(buf->text + buf->len, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
}

void
strbuf_clear(struct strbuf *buf)
{
	buf->len = 0;
	if (buf->text != NULL)
		buf->text[0] = '\0';
}

void
strbuf_release(struct strbuf *buf)
{
	free(buf->text);
	*buf = (struct strbuf){ 0 };
}
