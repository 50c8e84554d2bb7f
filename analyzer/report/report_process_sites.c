#include "analyzer/format/rows.h"
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
 * site's number is that of report_sites. */
const struct report report_process_sites = {
	.name = "process_sites",
	.summary = "every site by the processes that its blocks were allocated in",
	.sql = "WITH only_one AS MATERIALIZED ("
	       " SELECT run, min(id) AS id FROM process GROUP BY run HAVING count(*) = 1"
	       "), cell AS MATERIALIZED ("
	       " SELECT c.site, coalesce(p.id, o.id, 0) AS process, total(c.blocks) AS blocks,"
	       "  total(c.bytes) AS bytes"
	       " FROM path_cell c JOIN site s ON s.id = c.site"
	       "  LEFT JOIN thread t ON t.id = c.thread"
	       "  LEFT JOIN process p ON p.run = t.run AND p.number = t.process"
	       "  LEFT JOIN only_one o ON o.run = s.run"
	       " GROUP BY 1, 2"
	       "), place AS MATERIALIZED ("
	       " SELECT s.id, s.run, s.verdict, f.function, f.file, f.line, f.column AS col,"
	       "  m.path, min(s.id) OVER w AS key"
	       " FROM site s JOIN frame f ON f.id = s.frame JOIN module m ON m.id = f.module"
	       " WINDOW w AS (PARTITION BY f.function, f.file, f.line, f.column, m.path)"
	       "), whole AS MATERIALIZED ("
	       " SELECT p.key, total(c.blocks) AS blocks FROM cell c JOIN place p ON p.id = c.site"
	       " GROUP BY p.key"
	       ") SELECT l.function, l.file, l.line, l.col, l.path, l.verdict, l.run,"
	       "  coalesce(p.pid, 0), r.exe, c.blocks, c.bytes, l.key"
	       " FROM cell c JOIN place l ON l.id = c.site JOIN run r ON r.id = l.run"
	       "  JOIN whole w ON w.key = l.key LEFT JOIN process p ON p.id = c.process"
	       " ORDER BY w.blocks DESC, l.key, c.blocks DESC, l.run, c.process",
	.columns = columns,
	.width = sizeof(columns) / sizeof(*columns),
};
