/*
 * Sites that are known and left as they are: lines TYPE:PATTERN, as LeakSanitizer has
 * them. A type is "esc", or a verdict; a pattern is found in the function, the source or
 * the module of any frame of its stack, from the site outwards.
 */
#ifndef LINT_SUPPRESSIONS_H
#define LINT_SUPPRESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;
struct paths;
struct query_db;
struct rows;

struct suppression {
	char *text;     /* owned: the line as it was written */
	const char *of; /* a verdict's name, static; NULL: any */
	size_t pattern; /* where in text it begins */
	size_t line;    /* from 1 */
	bool is_used;   /* by suppressions_match */
};

/* Zero-initialised: none. */
struct suppressions {
	struct suppression *list; /* owned */
	size_t count;
	size_t cap;
};

/* Adds those of a file; -1 and err set where it cannot be read or a line is none. Release
 * them in any case. */
int suppressions_load(struct suppressions *suppressions, const char *path, struct err *err);
/* The same of what is open; name: for err. */
int suppressions_read(
    struct suppressions *suppressions, FILE *file, const char *name, struct err *err);
/* Whether one of them is meant by a row of report_sites: 1 or 0; -1 and err set when the
 * database fails. Sources are matched as paths_shown() gives them. */
int suppressions_match(struct suppressions *suppressions, struct query_db *db,
    const struct paths *paths, const struct rows *sites, size_t row, struct err *err);
/* Whether pattern is found in text: * is anything, a leading ^ the beginning, a trailing $
 * the end. Takes time of both lengths' product at most. */
bool suppressions_find(const char *pattern, const char *text);
void suppressions_release(struct suppressions *suppressions);

#endif
