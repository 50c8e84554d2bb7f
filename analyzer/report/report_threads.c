#include "analyzer/format/rows.h"
#include "analyzer/report/report.h"

static const struct column columns[] = {
	{ "number", "thread", COLUMN_INT },
	{ "name", "name", COLUMN_TEXT },
	{ "pid", "pid", COLUMN_INT },
	{ "tid", "tid", COLUMN_INT },
	{ "allocations", "allocations", COLUMN_COUNT },
	{ "frees", "frees", COLUMN_COUNT },
	{ "bytes", "bytes", COLUMN_BYTES },
	{ "lost", "lost", COLUMN_COUNT },
};

const struct report report_threads = {
	.name = "threads",
	.summary = "the threads, and what each allocated",
	.sql = "SELECT number, name, pid, tid, allocations, frees, bytes, lost"
	       " FROM thread ORDER BY run, number",
	.columns = columns,
	.width = sizeof(columns) / sizeof(*columns),
};
