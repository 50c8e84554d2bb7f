/* Memory of the analyzer: these die with one line on stderr and exit 1, or what was
 * set, when there is none, so that no caller looks at the result. */
#ifndef UTIL_XALLOC_H
#define UTIL_XALLOC_H

#include <stddef.h>

/* What the process then exits with, from now on and in its children. */
void xalloc_exit_with(int status);
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *block, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len);
/* printf into a new string; the caller frees it */
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Sets a variable of the environment, to a copy. */
void xsetenv(const char *name, const char *value);
/* Grows *cap (elements) so that *cap >= need; doubles. Returns the block. */
void *xgrow(void *block, size_t *cap, size_t need, size_t size);

#endif
