#include "analyzer/format/rows.h"
#include "analyzer/report/report.h"

static const struct column columns[] = {
	{ "allocating", "allocated by", COLUMN_INT },
	{ "freeing", "freed by", COLUMN_INT },
	{ "blocks", "blocks", COLUMN_COUNT },
};

const struct report report_pairs = {
	.name = "pairs",
	.summary = "blocks by the thread that allocated and the thread that freed them",
	.sql = "SELECT a.number, f.number, total(p.blocks) FROM thread_pair p"
	       " JOIN thread a ON a.id = p.allocating JOIN thread f ON f.id = p.freeing"
	       " GROUP BY a.number, f.number ORDER BY a.number, f.number",
	.columns = columns,
	.width = sizeof(columns) / sizeof(*columns),
};
