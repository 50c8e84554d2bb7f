/* Files that people write, line by line: they may be anything. */
#ifndef UTIL_LINES_H
#define UTIL_LINES_H

#include <stddef.h>
#include <stdio.h>

#include "analyzer/util/strbuf.h"

struct err;

enum { LINES_LONGEST = 1 << 22 }; /* bytes; names of 64 KiB, escaped */

struct lines {
	FILE *file;       /* the caller's */
	const char *name; /* of the file, for errors */
	size_t number;    /* of the last line, from 1 */
	struct strbuf text;
};

void lines_init(struct lines *lines, FILE *file, const char *name);
/* The next line without its end, valid until the next call: 1; 0 behind the last; -1 and err
 * set where it cannot be read, is too long or holds a zero byte. */
int lines_next(struct lines *lines, const char **text, struct err *err);
void lines_release(struct lines *lines);

#endif
