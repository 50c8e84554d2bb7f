/*
 * A site of several runs is one row: its counts added up, the verdict found again from
 * them, owner and path those of the run where it cost most. So are the places of one
 * function that has no lines. Whoever says what need not be on the heap takes it from
 * here, or it would not come to what the sites say.
 */
#ifndef REPORT_MERGED_H
#define REPORT_MERGED_H

#include "analyzer/store/query.h"

struct err;

/* The sites that a row stands for. To look for them each time would be quadratic. */
#define MERGED_SAME(row) "IN (SELECT value FROM json_each(" row ".ids))"

/*
 * What stands in WITH, of merged_functions and with merged_bind: `several` are the sites that
 * are shown as one with others, `one` every row of them, `merged` a row for all, `judged` has
 * the verdict, `shares` the part that need not be on the heap, and ids, the list of its rows
 * in the table. Most sites stand alone: their row is the table's, and of large profiles
 * nothing else is fast enough.
 */
/* clang-format off */
#define MERGED_SITES \
    "several AS MATERIALIZED (SELECT value AS id FROM json_each(?1)" \
    "), one AS MATERIALIZED (" \
    " SELECT s.*, f.function, f.file, f.line, f.column AS col, m.path," \
    "  min(s.id) OVER w AS key, count(*) OVER w AS runs," \
    "  min(s.size_min) OVER w AS size_lo, max(s.size_max) OVER w AS size_hi," \
    "  max(s.capacity) OVER w AS capacity_hi," \
    "  max(s.size_distinct) OVER w AS distinct_hi," \
    "  min(s.life_min) OVER w AS life_lo, max(s.life_max) OVER w AS life_hi," \
    "  max(s.threads) OVER w AS threads_hi," \
    "  first_value(s.counter_fate) OVER c AS some_fate," \
    "  first_value(s.counter_stack) OVER c AS some_stack" \
    " FROM site s JOIN frame f ON f.id = s.frame" \
    "  JOIN module m ON m.id = f.module" \
    " WHERE s.id IN (SELECT id FROM several)" \
    " WINDOW w AS (PARTITION BY f.function, f.file, f.line, f.column, m.path, s.pool)," \
    "  c AS (PARTITION BY f.function, f.file, f.line, f.column, m.path, s.pool" \
    "   ORDER BY s.counter_stack IS NULL, s.id)" \
    "), merged AS (" \
    " SELECT max(cost_allocate + cost_free) AS top, key, function, file," \
    "  '[' || group_concat(id) || ']' AS ids," \
    "  count(DISTINCT run) AS distinct_runs," \
    "  line, col, path, allocator, pool, container, owner, owner_distance," \
    "  size_lo, size_hi, capacity_hi, distinct_hi, life_lo, life_hi," \
    "  threads_hi, stack, some_fate, some_stack, total(timed) AS timed," \
    "  add_up(observed) AS observed, total(estimated) AS estimated," \
    "  total((estimated - estimated_low) * (estimated - estimated_low)) AS below," \
    "  total((estimated_high - estimated) * (estimated_high - estimated)) AS above," \
    "  total(bytes) AS bytes," \
    "  total((bytes - bytes_low) * (bytes - bytes_low)) AS bytes_below," \
    "  total((bytes_high - bytes) * (bytes_high - bytes)) AS bytes_above," \
    "  add_up(local) AS local, add_up(up) AS up," \
    "  add_up(thread) AS thread, add_up(live) AS live, add_up(censored) AS censored," \
    "  add_up(unknown) AS unknown, add_up(proved) AS proved," \
    "  add_up(inferred) AS inferred, add_up(reallocs) AS reallocs," \
    "  add_up(activations) AS activations, total(peak_blocks) AS peak_blocks," \
    "  total(peak_bytes) AS peak_bytes, total(cost_allocate) AS cost_allocate," \
    "  total(cost_free) AS cost_free" \
    " FROM one GROUP BY key" \
    "), ranged AS MATERIALIZED (" \
    " SELECT *, (SELECT max(stack_limit) FROM run) AS lim," \
    "  CASE WHEN unknown > 0 THEN (SELECT json_group_object(key, n) FROM" \
    "   (SELECT w.key AS key, CAST(total(w.value) AS INTEGER) AS n FROM site s," \
    "     json_each(CASE WHEN json_valid(s.unknown_why) THEN s.unknown_why ELSE '{}' END) w" \
    "    WHERE s.id " MERGED_SAME("merged") " GROUP BY w.key HAVING n > 0" \
    "    ORDER BY n DESC)) ELSE '{}' END AS unknown_why," \
    "  (SELECT total(w.blocks) FROM owner w JOIN frame f ON f.id = w.frame" \
    "   WHERE w.fate = 'up' AND verdict_is_far(w.distance, f.startup)" \
    "   AND w.site " MERGED_SAME("merged") ") AS far" \
    " FROM merged" \
    "), judged AS MATERIALIZED (" \
    " SELECT *, verdict_of(local, up, thread, live, unknown, far, activations, reallocs," \
    "  size_lo, size_hi, lim) AS verdict" \
    " FROM ranged" \
    "), shares AS MATERIALIZED (" \
    " SELECT *, " QUERY_SHARE(MERGED_SAME("judged")) " AS share FROM judged" \
    ")"

/* The same, and merged_share: of each row of the table its id, share and verdict, and key,
 * the id that all have that are one site. */
#define MERGED_SHARE \
    MERGED_SITES ", merged_share AS MATERIALIZED (" \
    " SELECT w.value AS id, s.key, s.share, s.verdict FROM shares s, json_each(s.ids) w" \
    " UNION ALL SELECT s.id, s.id, " QUERY_SHARE("= s.id") ", s.verdict" \
    " FROM site s WHERE s.id NOT IN (SELECT id FROM several))"
/* clang-format on */

/* That a name of NULL ends. */
extern const struct query_function merged_functions[];

/* Of struct report. ?1: the sites that are shown as one with others. */
int merged_bind(struct query_db *db, struct query *query, struct err *err);

#endif
