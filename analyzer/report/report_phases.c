#include "analyzer/format/rows.h"
#include "analyzer/report/report.h"
#include "analyzer/store/query.h"

/* Phases of several runs that have one name are one. */
static const char sql[] = "WITH shares AS MATERIALIZED (SELECT id, " QUERY_SHARE(
    "= site.id") " AS share FROM site),"
		 " cells AS MATERIALIZED (SELECT c.phase, total(c.blocks) AS blocks, "
		 "total(c.bytes) AS bytes,"
		 "  total(c.blocks * s.share) AS stackable, count(DISTINCT c.site) AS sites"
		 "  FROM path_cell c JOIN shares s ON s.id = c.site GROUP BY c.phase)"
		 " SELECT p.name, add_up(p.entered), min(p.first_ns), add_up(p.time_ns),"
		 "  total(c.blocks), total(c.bytes), total(c.stackable), max(coalesce(c.sites, 0))"
		 " FROM phase p LEFT JOIN cells c ON c.phase = p.id GROUP BY p.name"
		 " ORDER BY min(p.first_ns), p.name";

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
	.columns = columns,
	.width = sizeof(columns) / sizeof(*columns),
};
