#include "analyzer/format/rows.h"
#include "analyzer/report/merged.h"
#include "analyzer/report/report.h"

/* Phases of several runs that have one name are one. */
/* clang-format off */
static const char sql[] =
    "WITH " MERGED_SHARE ", cells AS MATERIALIZED ("
    " SELECT p.name, total(c.blocks) AS blocks, total(c.bytes) AS bytes,"
    "  total(c.blocks * s.share) AS stackable, count(DISTINCT s.key) AS sites"
    " FROM path_cell c JOIN merged_share s ON s.id = c.site JOIN phase p ON p.id = c.phase"
    " GROUP BY p.name"
    ") SELECT p.name, add_up(p.entered), min(p.first_ns), add_up(p.time_ns),"
    "  coalesce(c.blocks, 0.0), coalesce(c.bytes, 0.0), coalesce(c.stackable, 0.0),"
    "  coalesce(c.sites, 0)"
    " FROM phase p LEFT JOIN cells c ON c.name = p.name GROUP BY p.name"
    " ORDER BY min(p.first_ns), p.name";
/* clang-format on */

static const struct column columns[] = {
	{ "name", "phase", COLUMN_TEXT },
	{ "entered", "entered", COLUMN_COUNT },
	{ "first_ns", "first at", COLUMN_NS },
	{ "time_ns", "time", COLUMN_NS },
	{ "blocks", "blocks", COLUMN_COUNT },
	{ "bytes", "bytes", COLUMN_BYTES },
	{ "stackable", "need not be on the heap", COLUMN_COUNT },
	{ "sites", "sites", COLUMN_COUNT },
};

const struct report report_phases = {
	.name = "phases",
	.summary = "what the program calls its parts, and what each allocated",
	.sql = sql,
	.functions = merged_functions,
	.bind = merged_bind,
	.columns = columns,
	.width = sizeof(columns) / sizeof(*columns),
};
