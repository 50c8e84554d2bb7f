/* Sources with what their lines allocate in the margin. */
#ifndef LINT_ANNOTATE_H
#define LINT_ANNOTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct findings;
struct paths;
struct rows;

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

/* One source as the document esc-annotate/1. */
struct annotate_source {
	const struct paths *paths;
	const struct rows *sites; /* report_sites, with its paths shown */
	const size_t *rows;       /* those of this file, if known; NULL: look for them */
	size_t row_count;
	const char *file;     /* one of theirs */
	const char *verdicts; /* only of these, with commas; NULL: all */
	int64_t min_blocks;   /* fewer observed: left out */
	int64_t started;      /* the run, seconds since 1970; 0: not known */
};

/* A reader who says `source` means the file that paths_shown() gave. */
bool annotate_is_meant(const struct paths *paths, const char *file, const char *source);
void annotate_write_json(const struct annotate_source *source, FILE *out);

#endif
