#include "analyzer/format/rows.h"
#include "analyzer/report/report.h"

static const struct column columns[] = {
	{ "path", "module", COLUMN_PATH },
	{ "symbols", "symbols", COLUMN_TEXT },
	{ "code", "code", COLUMN_TEXT },
	{ "build_id", "build-id", COLUMN_TEXT },
	{ "debug_file", NULL, COLUMN_PATH },
	{ "frames", "frames", COLUMN_COUNT },
	{ "confined", "read under", COLUMN_TEXT },
	{ "note", "why", COLUMN_TEXT },
};

const struct report report_modules = {
	.name = "modules",
	.summary = "the files of the program, and how well their names and code are known",
	.sql = "SELECT m.path, m.symbols, m.code, m.build_id, m.debug_file,"
	       " coalesce(f.frames, 0) AS frames, m.confined, m.note"
	       " FROM module m LEFT JOIN"
	       "  (SELECT module, count(*) AS frames FROM frame GROUP BY module) f"
	       "  ON f.module = m.id"
	       " GROUP BY m.path, m.build_id, m.symbols"
	       " ORDER BY 6 DESC, m.path",
	.columns = columns,
	.width = sizeof(columns) / sizeof(*columns),
};
