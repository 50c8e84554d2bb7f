#include "analyzer/format/rows.h"
#include "analyzer/report/merged.h"
#include "analyzer/report/report.h"

/* clang-format off */
static const char sql[] =
    "WITH " MERGED_SHARE
    " SELECT s.pool, total(s.estimated), total(s.bytes), total(s.estimated * m.share),"
    "  total(s.estimated * (s.live + s.censored) / max(s.observed, 1)), count(DISTINCT m.key)"
    " FROM site s JOIN merged_share m ON m.id = s.id WHERE s.pool != ''"
    " GROUP BY s.pool ORDER BY total(s.estimated) DESC, s.pool";
/* clang-format on */

static const struct column columns[] = {
	{ "name", "pool", COLUMN_TEXT },
	{ "blocks", "blocks", COLUMN_COUNT },
	{ "bytes", "bytes", COLUMN_BYTES },
	{ "stackable", "need not be on the heap", COLUMN_COUNT },
	{ "live", "live at the end", COLUMN_COUNT },
	{ "sites", "sites", COLUMN_COUNT },
};

const struct report report_pools = {
	.name = "pools",
	.summary = "what the program's own allocators (esc.h) handed out",
	.sql = sql,
	.functions = merged_functions,
	.bind = merged_bind,
	.columns = columns,
	.width = sizeof(columns) / sizeof(*columns),
};
