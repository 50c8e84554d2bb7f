/* A line of a source file, with a caret. */
#ifndef REPORT_SNIPPET_H
#define REPORT_SNIPPET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct paths;
struct strbuf;

/* Why there is none, for the reader. */
extern const char snippet_unread[];

/*
 * A whole source file, which the caller frees, with a NUL behind it; NULL where
 * paths_open does not give it, or it is unreasonably large. *changed_s as below.
 */
char *snippet_file(const struct paths *paths, const char *file, size_t *len, int64_t *changed_s);

/* Adds text with its tabs as blanks; *caret becomes the blanks before byte number
 * `column` (from 1), and stays where there is none. */
void snippet_expand(struct strbuf *to, const char *text, int64_t column, size_t *caret);

/* A line of a file, which the caller frees; NULL and *changed_s as below. */
char *snippet_line(const struct paths *paths, const char *file, int64_t line, int64_t *changed_s);

/* Where the line is. */
struct snippet_place {
	const char *file; /* borrowed */
	int64_t line;
	int64_t column; /* <= 0: unknown */
};

/*
 * Adds "  line | text" and, for column > 0, a line with the caret; the text cut
 * to `columns`. Nothing, and false, where there is no such line, or no such file as
 * above. *changed_s: its last change, seconds since 1970.
 */
bool snippet_add(struct strbuf *buf, const struct paths *paths, const struct snippet_place *place,
    unsigned columns, int64_t *changed_s);

#endif
