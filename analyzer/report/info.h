/* What ran, what was counted, recorded and lost: the document that `esc info` prints. */
#ifndef REPORT_INFO_H
#define REPORT_INFO_H

#include <stdio.h>

#include "analyzer/format/rows.h"

struct err;
struct format;
struct query_db;

enum {
	INFO_RUN,
	INFO_VERDICTS,
	INFO_PROCESSES,
	INFO_THREADS,
	INFO_PHASES,
	INFO_POOLS,
	INFO_PAIRS,
	INFO_TIMELINE,
	INFO_MODULES,
	INFO_PARTS
};

struct info {
	struct rows parts[INFO_PARTS];
};

/* Reads it; sites: rows of report_sites, for their sums, or NULL: they are read, too. -1 and
 * err set on failure. Release it in any case. */
int info_load(struct info *info, struct query_db *db, const struct rows *sites, struct err *err);
/* One object of the schema esc-info/1; as text the tables that a person would read. */
void info_write(const struct info *info, const struct format *format, FILE *out);
void info_release(struct info *info);

#endif
