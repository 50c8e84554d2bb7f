#include "analyzer/format/rows.h"
#include "analyzer/report/merged.h"
#include "analyzer/report/report.h"

static const struct column columns[] = {
	{ "function", "function", COLUMN_TEXT },
	{ "file", "file", COLUMN_PATH },
	{ "line", "line", COLUMN_LINE },
	{ "column", NULL, COLUMN_INT },
	{ "module", NULL, COLUMN_PATH },
	{ "verdict", "verdict", COLUMN_TEXT },
	{ "run", "run", COLUMN_INT },
	{ "pid", "pid", COLUMN_INT },
	{ "program", "program", COLUMN_PATH },
	{ "blocks", "blocks", COLUMN_COUNT },
	{ "bytes", "bytes", COLUMN_BYTES },
	{ "id", NULL, COLUMN_INT },
};

/* One row a site and process; a pid of 0: of threads that are not known one by one. The
 * site's number and verdict are those of report_sites. */
/* clang-format off */
static const char sql[] =
    "WITH " MERGED_SHARE ", only_one AS MATERIALIZED ("
    " SELECT run, min(id) AS id FROM process GROUP BY run HAVING count(*) = 1"
    "), cell AS MATERIALIZED ("
    " SELECT m.key, s.run, m.verdict, coalesce(p.id, o.id, 0) AS process,"
    "  total(c.blocks) AS blocks, total(c.bytes) AS bytes"
    " FROM path_cell c JOIN merged_share m ON m.id = c.site JOIN site s ON s.id = c.site"
    "  LEFT JOIN thread t ON t.id = c.thread"
    "  LEFT JOIN process p ON p.run = t.run AND p.number = t.process"
    "  LEFT JOIN only_one o ON o.run = s.run"
    " GROUP BY 1, 2, 4"
    "), whole AS MATERIALIZED ("
    " SELECT key, total(blocks) AS blocks FROM cell GROUP BY key"
    ") SELECT f.function, f.file, f.line, f.column, m.path, c.verdict, c.run,"
    "  coalesce(p.pid, 0), r.exe, c.blocks, c.bytes, c.key"
    " FROM cell c JOIN site s ON s.id = c.key JOIN frame f ON f.id = s.frame"
    "  JOIN module m ON m.id = f.module JOIN run r ON r.id = c.run"
    "  JOIN whole w ON w.key = c.key LEFT JOIN process p ON p.id = c.process"
    " ORDER BY w.blocks DESC, c.key, c.blocks DESC, c.run, c.process";
/* clang-format on */

const struct report report_process_sites = {
	.name = "process_sites",
	.summary = "every site by the processes that its blocks were allocated in",
	.sql = sql,
	.functions = merged_functions,
	.bind = merged_bind,
	.columns = columns,
	.width = sizeof(columns) / sizeof(*columns),
};
