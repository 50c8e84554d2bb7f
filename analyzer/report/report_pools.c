#include "analyzer/format/rows.h"
#include "analyzer/report/report.h"
#include "analyzer/store/query.h"

static const char sql[] = "WITH shares AS MATERIALIZED (SELECT *, " QUERY_SHARE(
    "= site.id") " AS share FROM site WHERE pool != '')"
		 " SELECT pool, total(estimated), total(bytes), total(estimated * share),"
		 "  total(estimated * (live + censored) / max(observed, 1)), count(*)"
		 " FROM shares GROUP BY pool ORDER BY total(estimated) DESC, pool";

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
	.columns = columns,
	.width = sizeof(columns) / sizeof(*columns),
};
