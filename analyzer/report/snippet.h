/* A line of a source file, with a caret. */
#ifndef REPORT_SNIPPET_H
#define REPORT_SNIPPET_H

#include <stdbool.h>
#include <stdint.h>

struct strbuf;

/*
 * Adds "  line | text" and, for column > 0, a line with the caret; the text cut
 * to `columns`. Nothing, and false, where there is no such line, or path is no
 * regular file, or it is unreasonably large. *changed_s: its last change, seconds since 1970.
 */
bool snippet_add(struct strbuf *buf, const char *path, int64_t line, int64_t column,
    unsigned columns, int64_t *changed_s);

#endif
