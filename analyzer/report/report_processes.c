#include "analyzer/format/rows.h"
#include "analyzer/report/merged.h"
#include "analyzer/report/report.h"

static const struct column columns[] = {
	{ "run", "run", COLUMN_INT },
	{ "pid", "pid", COLUMN_INT },
	{ "parent", "parent", COLUMN_INT },
	{ "program", "program", COLUMN_PATH },
	{ "name", "run as", COLUMN_TEXT },
	{ "start", "start", COLUMN_TEXT },
	{ "start_ns", "after", COLUMN_NS },
	{ "threads", "threads", COLUMN_COUNT },
	{ "allocations", "allocations", COLUMN_COUNT },
	{ "frees", "frees", COLUMN_COUNT },
	{ "bytes", "bytes", COLUMN_BYTES },
	{ "blocks", NULL, COLUMN_COUNT },
	{ "saved.blocks", NULL, COLUMN_COUNT },
	{ "share", "off the heap", COLUMN_SHARE },
	{ "lost", "lost", COLUMN_COUNT },
	{ "passed", "in pauses", COLUMN_COUNT },
	{ "trace", NULL, COLUMN_PATH },
};

/*
 * A trace has the processes that one image forked; what is known of the trace alone (the
 * start, what was passed over) stands in its first one's row. Blocks of threads that are
 * not known one by one are the only process's, or of none.
 */
/* The last part of a path. */
#define BASE(path) "replace(" path ", rtrim(" path ", replace(" path ", '/', '')), '')"

/* clang-format off */
/* What it was run as, which a link may call otherwise than its file. */
static const char sql[] =
    "WITH " MERGED_SHARE ", only_one AS MATERIALIZED ("
    " SELECT run, min(id) AS id FROM process GROUP BY run HAVING count(*) = 1"
    "), cell AS MATERIALIZED ("
    " SELECT coalesce(p.id, o.id) AS process, total(c.blocks) AS blocks,"
    "  total(c.blocks * s.share) AS saved"
    " FROM path_cell c JOIN merged_share s ON s.id = c.site JOIN site w ON w.id = c.site"
    "  LEFT JOIN thread t ON t.id = c.thread"
    "  LEFT JOIN process p ON p.run = t.run AND p.number = t.process"
    "  LEFT JOIN only_one o ON o.run = w.run"
    " GROUP BY 1"
    "), threads AS MATERIALIZED ("
    " SELECT run, process, count(*) AS threads, add_up(allocations) AS allocations,"
    "  add_up(frees) AS frees, add_up(bytes) AS bytes, add_up(lost) AS lost"
    " FROM thread GROUP BY run, process"
    "), named AS MATERIALIZED ("
    " SELECT id, coalesce(json_extract(CASE WHEN json_valid(command) THEN command ELSE '[]' END,"
    "  '$[0]'), exe) AS first FROM run"
    ") SELECT p.run, p.pid, p.parent, r.exe, " BASE("n.first") ", r.start, p.start_ns,"
    "  coalesce(t.threads, 0), coalesce(t.allocations, 0), coalesce(t.frees, 0),"
    "  coalesce(t.bytes, 0), coalesce(c.blocks, 0.0), coalesce(c.saved, 0.0),"
    "  CASE WHEN c.blocks > 0 THEN c.saved / c.blocks ELSE 0.0 END,"
    "  coalesce(t.lost, 0), CASE p.number WHEN 1 THEN r.passed ELSE 0 END, r.trace"
    " FROM process p JOIN run r ON r.id = p.run JOIN named n ON n.id = r.id"
    "  LEFT JOIN threads t ON t.run = p.run AND t.process = p.number"
    "  LEFT JOIN cell c ON c.process = p.id"
    " ORDER BY r.start, p.run, p.number";
/* clang-format on */

const struct report report_processes = {
	.name = "processes",
	.summary =
	    "the processes of all traces, what each allocated and what need not be on the heap",
	.sql = sql,
	.functions = merged_functions,
	.bind = merged_bind,
	.columns = columns,
	.width = sizeof(columns) / sizeof(*columns),
};
