/* Sources with what their lines allocate in the margin. */
#ifndef LINT_ANNOTATE_H
#define LINT_ANNOTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct findings;
struct paths;

struct annotate {
	const struct paths *paths;
	const char *const *sources; /* only these; none: all */
	size_t source_count;
	int64_t context; /* lines around a line with a site; -1: the whole file */
	size_t columns;  /* longer lines are cut */
	bool is_colored;
};

/* A site stands in this source: a path, or the end of one. */
bool annotate_has(
    const struct annotate *annotate, const struct findings *findings, const char *source);
void annotate_write(const struct annotate *annotate, const struct findings *findings, FILE *out);

#endif
