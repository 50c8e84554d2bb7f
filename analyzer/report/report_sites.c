#include <math.h>
#include <stddef.h>

#include "analyzer/escape/verdict.h"
#include "analyzer/format/rows.h"
#include "analyzer/report/advice.h"
#include "analyzer/report/report.h"
#include "analyzer/store/query.h"
#include "analyzer/util/strbuf.h"

/*
 * A site of several runs is one row: its counts added up, the verdict found again from
 * them, owner and path those of the run where it cost most. `several` are the sites that
 * have such siblings, `one` every row of them, `merged` a row for all, `judged` has the
 * verdict, `shares` the part that need not be on the heap. Most sites are `alone`: their
 * row is the table's, and of large profiles nothing else is fast enough.
 */
/* The sites that a row stands for. To look for them each time would be quadratic. */
#define SAME(row) "IN (SELECT value FROM json_each(" row ".ids))"

#define QUANTILE(table, column, share)                         \
	"(SELECT min(v) FROM (SELECT " column " AS v,"         \
	" sum(total(blocks)) OVER (ORDER BY " column ") AS c," \
	" sum(total(blocks)) OVER () AS t FROM " table         \
	" WHERE site " SAME("shares") " GROUP BY " column ") WHERE c >= " share " * t)"
#define SIZE(share) "min(size_hi, " QUANTILE("size_histogram", "size", share) ")"
#define LIFE(share) "min(life_hi, " QUANTILE("life_histogram", "life", share) ")"

/* What of a row's blocks does not fill the room that covers most of them. */
#define WASTE(is_of)                                                                          \
	"(SELECT total(h.blocks * max(0, capacity_hi - h.size)) / max(total(h.blocks), 1e-9)" \
	" FROM size_histogram h WHERE h.site " is_of ")"

/* The processes that a row's blocks were allocated in; their number, or the only one's. */
#define PROCESSES(is_of) \
	"(SELECT count(DISTINCT w.process) FROM site_process w WHERE w.site " is_of ")"
#define PROCESS(is_of)                                                        \
	"(SELECT CASE WHEN count(DISTINCT w.process) = 1 THEN max(p.pid) END" \
	" FROM site_process w JOIN process p ON p.id = w.process WHERE w.site " is_of ")"

/* The rules are verdict.c's: these make them known to SQL. */
static const char *
sites_verdict(const double *values)
{
	struct verdict_facts facts = {
		.fates = { [FATE_LOCAL] = (uint64_t)values[0],
		    [FATE_UP] = (uint64_t)values[1],
		    [FATE_THREAD] = (uint64_t)values[2],
		    [FATE_LIVE] = (uint64_t)values[3],
		    [FATE_UNKNOWN] = (uint64_t)values[4] },
		.far = (uint64_t)values[5],
		.activations = (uint64_t)values[6],
		.reallocs = (uint64_t)values[7],
		.size_min = (uint64_t)values[8],
		.size_max = (uint64_t)values[9],
		.stack_limit = (uint64_t)values[10],
	};

	return verdict_find(&facts)->name;
}

static double
sites_far(const double *values)
{
	return values[0] > VERDICT_UP_MAX || values[1] != 0;
}

static double
sites_upper(const double *values)
{
	return verdict_rate_upper(values[0], values[1]);
}

/* Blocks by lifetime: from 1 ns, 4 ns, 16 ns, ... 4.3 s on. */
enum { SITES_SHAPE = 17 };

static void
sites_shape_step(void *state, const double *values)
{
	double *blocks = state;
	double life = values[0];
	size_t at = 0;

	while (life >= 4 && at < SITES_SHAPE - 1) {
		life /= 4;
		at++;
	}
	blocks[at] += values[1] > 0 ? values[1] : 0;
}

/* f is the most, each digit below it half of that; what there is at all is no 0. */
static void
sites_shape_end(const void *state, char *to)
{
	const double *blocks = state;
	double most = 0;

	for (size_t i = 0; i < SITES_SHAPE; i++)
		most = blocks[i] > most ? blocks[i] : most;
	for (size_t i = 0; i < SITES_SHAPE; i++) {
		double digit = blocks[i] > 0 ? 15.5 + log2(blocks[i] / most) : 0;

		/* and so is what a damaged database makes of infinity */
		if (blocks[i] > 0 && !(digit >= 1))
			digit = 1;
		to[i] = "0123456789abcdef"[(int)digit];
	}
	to[SITES_SHAPE] = '\0';
}

static const struct query_function functions[] = {
	{ .name = "verdict_of", .count = 11, .text = sites_verdict },
	{ .name = "verdict_is_far", .count = 2, .real = sites_far },
	{ .name = "verdict_rate_upper", .count = 2, .real = sites_upper },
	{ .name = "life_shape",
	    .count = 2,
	    .state = SITES_SHAPE * sizeof(double),
	    .step = sites_shape_step,
	    .end = sites_shape_end },
	{ .name = NULL },
};

/* clang-format off */
/* As `columns` names them; by_run: what one row knows, and several are asked for. */
#define SELECTED(from, is_of, size_p50, size_p99, life_p50, life_p90, life_p99, upper) \
    " SELECT function, file, line, col, path, allocator, verdict," \
    "  (SELECT o.function FROM frame o WHERE o.id = owner)," \
    "  CASE WHEN owner IS NULL THEN NULL ELSE owner_distance END," \
    "  observed, estimated, max(estimated - sqrt(below), 0), estimated + sqrt(above)," \
    "  bytes, max(bytes - sqrt(bytes_below), 0), bytes + sqrt(bytes_above)," \
    "  local, up, thread, live, censored, unknown, proved, inferred, size_lo, size_hi," \
    "  " size_p50 ", " size_p99 ", distinct_hi, life_lo," \
    "  " life_p50 ", " life_p90 ", " life_p99 "," \
    "  life_hi, cost_allocate, cost_free, cost_allocate + cost_free, " upper "," \
    "  capacity_hi, stack, some_fate, some_stack," \
    "  estimated * share, bytes * share, (cost_allocate + cost_free) * share," \
    "  reallocs, activations, threads_hi, distinct_runs, timed, unknown_why, some_stack," \
    "  stack, (SELECT o.file FROM frame o WHERE o.id = owner)," \
    "  (SELECT o.startup FROM frame o WHERE o.id = owner), key," \
    "  CASE WHEN EXISTS (SELECT 1 FROM site_context c WHERE c.site " is_of ") THEN ids END," \
    "  container, waste, CASE WHEN (cost_allocate + cost_free) * share * 1000 >=" \
    "   (SELECT total(cost_allocate + cost_free) FROM site)" \
    "   THEN (cost_allocate + cost_free) * share ELSE 0.0 END," \
    "  share, (SELECT life_shape(h.life, h.blocks) FROM life_histogram h" \
    "   WHERE h.site " is_of "), NULL, " PROCESSES(is_of) ", " PROCESS(is_of) \
    ", peak_blocks, peak_bytes, pool, ids" \
    " FROM " from

static const char sql[] =
    /* numbers first: they tell most apart, and fast */
    "WITH several AS MATERIALIZED ("
    " SELECT value AS id FROM (SELECT '[' || group_concat(s.id) || ']' AS ids"
    "  FROM site s JOIN frame f ON f.id = s.frame JOIN module m ON m.id = f.module"
    "  GROUP BY f.line, f.column, f.function, f.file, m.path, s.pool HAVING count(*) > 1) p,"
    "  json_each(p.ids)"
    "), one AS MATERIALIZED ("
    " SELECT s.*, f.function, f.file, f.line, f.column AS col, m.path,"
    "  min(s.id) OVER w AS key, count(*) OVER w AS runs,"
    "  min(s.size_min) OVER w AS size_lo, max(s.size_max) OVER w AS size_hi,"
    "  max(s.capacity) OVER w AS capacity_hi,"
    "  max(s.size_distinct) OVER w AS distinct_hi,"
    "  min(s.life_min) OVER w AS life_lo, max(s.life_max) OVER w AS life_hi,"
    "  max(s.threads) OVER w AS threads_hi,"
    "  first_value(s.counter_fate) OVER c AS some_fate,"
    "  first_value(s.counter_stack) OVER c AS some_stack"
    " FROM site s JOIN frame f ON f.id = s.frame"
    "  JOIN module m ON m.id = f.module"
    " WHERE s.id IN (SELECT id FROM several)"
    " WINDOW w AS (PARTITION BY f.function, f.file, f.line, f.column, m.path, s.pool),"
    "  c AS (PARTITION BY f.function, f.file, f.line, f.column, m.path, s.pool"
    "   ORDER BY s.counter_stack IS NULL, s.id)"
    "), merged AS ("
    " SELECT max(cost_allocate + cost_free) AS top, key, function, file,"
    "  '[' || group_concat(id) || ']' AS ids,"
    "  count(DISTINCT run) AS distinct_runs,"
    "  line, col, path, allocator, pool, container, owner, owner_distance,"
    "  size_lo, size_hi, capacity_hi, distinct_hi, life_lo, life_hi,"
    "  threads_hi, stack, some_fate, some_stack, unknown_why, total(timed) AS timed,"
    "  add_up(observed) AS observed, total(estimated) AS estimated,"
    "  total((estimated - estimated_low) * (estimated - estimated_low)) AS below,"
    "  total((estimated_high - estimated) * (estimated_high - estimated)) AS above,"
    "  total(bytes) AS bytes,"
    "  total((bytes - bytes_low) * (bytes - bytes_low)) AS bytes_below,"
    "  total((bytes_high - bytes) * (bytes_high - bytes)) AS bytes_above,"
    "  add_up(local) AS local, add_up(up) AS up,"
    "  add_up(thread) AS thread, add_up(live) AS live, add_up(censored) AS censored,"
    "  add_up(unknown) AS unknown, add_up(proved) AS proved,"
    "  add_up(inferred) AS inferred, add_up(reallocs) AS reallocs,"
    "  add_up(activations) AS activations, total(peak_blocks) AS peak_blocks,"
    "  total(peak_bytes) AS peak_bytes, total(cost_allocate) AS cost_allocate,"
    "  total(cost_free) AS cost_free"
    " FROM one GROUP BY key"
    "), ranged AS MATERIALIZED ("
    " SELECT *, (SELECT max(stack_limit) FROM run) AS lim,"
    "  (SELECT total(w.blocks) FROM owner w JOIN frame f ON f.id = w.frame"
    "   WHERE w.fate = 'up' AND verdict_is_far(w.distance, f.startup)"
    "   AND w.site " SAME("merged") ") AS far"
    " FROM merged"
    "), judged AS MATERIALIZED ("
    " SELECT *, verdict_of(local, up, thread, live, unknown, far, activations, reallocs,"
    "  size_lo, size_hi, lim) AS verdict"
    " FROM ranged"
    "), shares AS MATERIALIZED ("
    " SELECT *, " QUERY_SHARE(SAME("judged")) " AS share, " WASTE(SAME("judged")) " AS waste"
    " FROM judged"
    "), single AS ("
    " SELECT s.*, f.function, f.file, f.line, f.column AS col, m.path, s.id AS key,"
    "  '[' || s.id || ']' AS ids, 1 AS distinct_runs, size_min AS size_lo,"
    "  size_max AS size_hi, capacity AS capacity_hi, size_distinct AS distinct_hi,"
    "  life_min AS life_lo, life_max AS life_hi, threads AS threads_hi,"
    "  counter_fate AS some_fate, counter_stack AS some_stack,"
    "  (estimated - estimated_low) * (estimated - estimated_low) AS below,"
    "  (estimated_high - estimated) * (estimated_high - estimated) AS above,"
    "  (bytes - bytes_low) * (bytes - bytes_low) AS bytes_below,"
    "  (bytes_high - bytes) * (bytes_high - bytes) AS bytes_above"
    " FROM site s JOIN frame f ON f.id = s.frame JOIN module m ON m.id = f.module"
    " WHERE s.id NOT IN (SELECT id FROM several)"
    "), alone AS ("
    /* OFFSET: row by row, and share not found out again wherever it is used */
    " SELECT *, " QUERY_SHARE("= key") " AS share, " WASTE("= key") " AS waste FROM single"
    " LIMIT -1 OFFSET 0)"
    SELECTED("shares", SAME("shares"), SIZE("0.5"), SIZE("0.99"), LIFE("0.5"), LIFE("0.9"),
	LIFE("0.99"), "verdict_rate_upper(up + thread + live, local + up + thread + live)")
    " UNION ALL"
    SELECTED("alone", "= key", "size_p50", "size_p99", "life_p50", "life_p90", "life_p99",
	"escape_upper");
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
	rows_sort_ties(rows, "blocks.estimated", places, sizeof(places) / sizeof(*places));
	rows_sort(rows, "cost_ns.total");
}

const struct report report_sites = {
	.name = "sites",
	.summary = "every allocation site, its verdict and what it costs",
	.sql = sql,
	.functions = functions,
	.part = &report_contexts,
	.finish = sites_finish,
	.columns = columns,
	.width = sizeof(columns) / sizeof(*columns),
};
