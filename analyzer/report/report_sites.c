#include <stddef.h>

#include "analyzer/format/rows.h"
#include "analyzer/report/advice.h"
#include "analyzer/report/merged.h"
#include "analyzer/report/report.h"
#include "analyzer/report/site_facts.h"
#include "analyzer/store/query.h"
#include "analyzer/util/strbuf.h"

#define QUANTILE(table, column, share)                         \
	"(SELECT min(v) FROM (SELECT " column " AS v,"         \
	" sum(total(blocks)) OVER (ORDER BY " column ") AS c," \
	" sum(total(blocks)) OVER () AS t FROM " table         \
	" WHERE site " MERGED_SAME("shares") " GROUP BY " column ") WHERE c >= " share " * t)"
#define SIZE(share) "min(size_hi, " QUANTILE("size_histogram", "size", share) ")"
#define LIFE(share) "min(life_hi, " QUANTILE("life_histogram", "life", share) ")"

/* clang-format off */
/* The sites that ?1 names, and all others; what is NULL here site_facts_load finds. */
static const char sql[] =
    "WITH " MERGED_SITES
    " SELECT function, file, line, col, path, allocator, verdict,"
    "  (SELECT o.function FROM frame o WHERE o.id = owner),"
    "  CASE WHEN owner IS NULL THEN NULL ELSE owner_distance END,"
    "  observed, estimated, max(estimated - sqrt(below), 0), estimated + sqrt(above),"
    "  bytes, max(bytes - sqrt(bytes_below), 0), bytes + sqrt(bytes_above),"
    "  local, up, thread, live, censored, unknown, proved, inferred, size_lo, size_hi,"
    "  " SIZE("0.5") ", " SIZE("0.99") ", distinct_hi, life_lo,"
    "  " LIFE("0.5") ", " LIFE("0.9") ", " LIFE("0.99") ", life_hi,"
    "  cost_allocate, cost_free, cost_allocate + cost_free,"
    "  verdict_rate_upper(up + thread + live, local + up + thread + live),"
    "  capacity_hi, stack, some_fate, some_stack, NULL, NULL, NULL,"
    "  reallocs, activations, threads_hi, distinct_runs, timed, unknown_why, some_stack,"
    "  stack, (SELECT o.file FROM frame o WHERE o.id = owner),"
    "  (SELECT o.startup FROM frame o WHERE o.id = owner), key,"
    "  CASE WHEN EXISTS (SELECT 1 FROM site_context c WHERE c.site " MERGED_SAME("shares") ")"
    "   THEN ids END,"
    "  container, NULL, NULL, share, NULL, NULL, NULL, NULL, peak_blocks, peak_bytes, pool, ids"
    " FROM shares"
    " UNION ALL"
    /* row by row, in their order, and nothing that is asked for twice */
    " SELECT f.function, f.file, f.line, f.column, m.path, allocator, verdict, o.function,"
    "  CASE WHEN owner IS NULL THEN NULL ELSE owner_distance END,"
    "  observed, estimated, max(estimated - abs(estimated - estimated_low), 0),"
    "  estimated + abs(estimated_high - estimated),"
    "  bytes, max(bytes - abs(bytes - bytes_low), 0), bytes + abs(bytes_high - bytes),"
    "  local, up, thread, live, censored, unknown, proved, inferred, size_min, size_max,"
    "  size_p50, size_p99, size_distinct, life_min, life_p50, life_p90, life_p99, life_max,"
    "  cost_allocate, cost_free, cost_allocate + cost_free, escape_upper,"
    "  capacity, s.stack, counter_fate, counter_stack, NULL, NULL, NULL,"
    "  reallocs, activations, threads, 1, timed, unknown_why, counter_stack,"
    "  s.stack, o.file, o.startup, s.id,"
    "  CASE WHEN s.id IN (SELECT site FROM site_context) THEN '[' || s.id || ']' END,"
    "  container, NULL, NULL, " QUERY_SHARE("= s.id") ", NULL, NULL, NULL, NULL,"
    "  peak_blocks, peak_bytes, pool, '[' || s.id || ']'"
    " FROM site s CROSS JOIN frame f ON f.id = s.frame CROSS JOIN module m ON m.id = f.module"
    "  LEFT JOIN frame o ON o.id = s.owner"
    " WHERE s.id NOT IN (SELECT id FROM several)";
/* clang-format on */

extern const struct report report_contexts;

static const struct column columns[] = {
	{ "function", "function", COLUMN_TEXT },
	{ "file", "file", COLUMN_PATH },
	{ "line", "line", COLUMN_INT },
	{ "column", "column", COLUMN_INT },
	{ "module", NULL, COLUMN_PATH },
	{ "allocator", "allocator", COLUMN_TEXT },
	{ "verdict", "verdict", COLUMN_TEXT },
	{ "owner.function", "owner", COLUMN_TEXT },
	{ "owner.distance", "up", COLUMN_INT },
	{ "blocks.observed", NULL, COLUMN_COUNT },
	{ "blocks.estimated", "blocks", COLUMN_COUNT },
	{ "blocks.low", NULL, COLUMN_COUNT },
	{ "blocks.high", NULL, COLUMN_COUNT },
	{ "bytes.estimated", "bytes", COLUMN_BYTES },
	{ "bytes.low", NULL, COLUMN_BYTES },
	{ "bytes.high", NULL, COLUMN_BYTES },
	{ "fates.local", NULL, COLUMN_COUNT },
	{ "fates.up", NULL, COLUMN_COUNT },
	{ "fates.thread", NULL, COLUMN_COUNT },
	{ "fates.live", NULL, COLUMN_COUNT },
	{ "fates.censored", NULL, COLUMN_COUNT },
	{ "fates.unknown", NULL, COLUMN_COUNT },
	{ "evidence.proved", NULL, COLUMN_COUNT },
	{ "evidence.inferred", NULL, COLUMN_COUNT },
	{ "size.min", NULL, COLUMN_BYTES },
	{ "size.max", "largest", COLUMN_BYTES },
	{ "size.p50", NULL, COLUMN_BYTES },
	{ "size.p99", NULL, COLUMN_BYTES },
	{ "size.distinct", NULL, COLUMN_COUNT },
	{ "life_ns.min", NULL, COLUMN_NS },
	{ "life_ns.p50", "life p50", COLUMN_NS },
	{ "life_ns.p90", NULL, COLUMN_NS },
	{ "life_ns.p99", "p99", COLUMN_NS },
	{ "life_ns.max", NULL, COLUMN_NS },
	{ "cost_ns.allocate", NULL, COLUMN_NS },
	{ "cost_ns.free", NULL, COLUMN_NS },
	{ "cost_ns.total", "cost", COLUMN_NS },
	{ "escape_rate_upper", NULL, COLUMN_REAL },
	{ "capacity", NULL, COLUMN_BYTES },
	{ "stack", NULL, COLUMN_STACK },
	{ "counterexample.fate", NULL, COLUMN_TEXT },
	{ "counterexample.stack", NULL, COLUMN_STACK },
	{ "saved.blocks", NULL, COLUMN_COUNT },
	{ "saved.bytes", NULL, COLUMN_BYTES },
	{ "saved.cost_ns", "saved", COLUMN_NS },
	{ "reallocs", NULL, COLUMN_COUNT },
	{ "activations", NULL, COLUMN_COUNT },
	{ "threads", NULL, COLUMN_COUNT },
	{ "runs", NULL, COLUMN_COUNT },
	{ ".timed", NULL, COLUMN_COUNT },
	{ "unknown_why", NULL, COLUMN_TEXT },
	{ ".counter_id", NULL, COLUMN_INT },
	{ ".stack_id", NULL, COLUMN_INT },
	{ ".owner_file", NULL, COLUMN_PATH },
	{ ".owner_startup", NULL, COLUMN_BOOL },
	{ "id", NULL, COLUMN_INT },
	{ "contexts", NULL, COLUMN_ROWS },
	{ "container", NULL, COLUMN_TEXT },
	{ "waste", NULL, COLUMN_REAL },
	{ ".gain", NULL, COLUMN_NS },
	{ "share", NULL, COLUMN_REAL },
	{ "life_shape", NULL, COLUMN_TEXT },
	{ "advice", NULL, COLUMN_TEXT },
	{ "processes", NULL, COLUMN_COUNT },
	{ "process", NULL, COLUMN_INT },
	{ "peak.blocks", NULL, COLUMN_COUNT },
	{ "peak.bytes", NULL, COLUMN_BYTES },
	{ "pool", NULL, COLUMN_TEXT },
	{ ".ids", NULL, COLUMN_TEXT },
};

/* Not by SQL: its sorter copies whole rows, again and again. */
static void
sites_finish(struct rows *rows)
{
	static const char *const places[] = { "function", "file", "line", "column", "module" };
	size_t column = rows_column(rows, "advice");
	struct strbuf text = { 0 };

	for (size_t i = 0; i < rows->count; i++) {
		strbuf_clear(&text);
		strbuf_adds(&text, "");
		advice_add_remedy(&text, rows, i);
		cell_set_text(&rows->cells[i * rows->width + column], text.text);
	}
	strbuf_release(&text);
	/* what the calls of pools took is not known, and 0: they stand by their blocks */
	rows_sort_ties(
	    rows, "cost_ns.total", "blocks.estimated", places, sizeof(places) / sizeof(*places));
}

const struct report report_sites = {
	.name = "sites",
	.summary = "every allocation site, its verdict and what it costs",
	.sql = sql,
	.functions = merged_functions,
	.part = &report_contexts,
	.bind = merged_bind,
	.load = site_facts_load,
	.finish = sites_finish,
	.columns = columns,
	.width = sizeof(columns) / sizeof(*columns),
};
