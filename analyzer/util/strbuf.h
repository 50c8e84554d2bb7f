/*
 * A growing string. `text` is always NUL ended at `len` once anything was
 * added; zero-initialised is an empty one.
 */
#ifndef UTIL_STRBUF_H
#define UTIL_STRBUF_H

#include <stddef.h>

struct strbuf {
	char *text; /* owned; NULL while nothing was added */
	size_t len;
	size_t cap;
};

void strbuf_add(struct strbuf *buf, const void *bytes, size_t len);
void strbuf_adds(struct strbuf *buf, const char *text);
void strbuf_addf(struct strbuf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void strbuf_clear(struct strbuf *buf);   /* len = 0, keeps the memory */
void strbuf_release(struct strbuf *buf); /* frees, zeroes */

#endif
