/* Two databases, before and after: the document that `esc diff` prints. */
#ifndef REPORT_COMPARE_H
#define REPORT_COMPARE_H

#include <stdio.h>

#include "analyzer/format/rows.h"

struct err;
struct format;
struct paths;
struct query_db;

enum { COMPARE_A, COMPARE_B, COMPARE_TOTALS, COMPARE_CHANGES, COMPARE_PARTS };

/* One of both. */
struct compare_side {
	struct query_db *db;
	const struct rows *run;   /* rows of report_run */
	const struct rows *sites; /* rows of report_sites */
};

struct compare {
	struct rows parts[COMPARE_PARTS]; /* the runs' are copies */
};

/* Which site of the one is which of the other, and what has changed. -1 and err set on
 * failure. Release it in any case. */
int compare_sides(struct compare *compare, const struct compare_side *a,
    const struct compare_side *b, struct err *err);
/* The same, with the rows read; paths[2]: how the sources of each are named. */
int compare_load(struct compare *compare, struct query_db *a, struct query_db *b,
    const struct paths *paths, struct err *err);
/* One object of the schema esc-diff/1; as text without what is the same. */
void compare_write(struct compare *compare, const struct format *format, FILE *out);
void compare_release(struct compare *compare);

#endif
