#include "analyzer/format/rows.h"
#include "analyzer/report/report.h"

/* Several runs are one: counts added up, the rest that of the first. */
static const char sql[] =
    "SELECT (SELECT command FROM run ORDER BY id LIMIT 1),"
    " (SELECT pid FROM run ORDER BY id LIMIT 1), min(start),"
    " add_up(duration_ns), add_up(window_ns),"
    " CASE WHEN min(mode) = max(mode) THEN min(mode)"
    "  WHEN min(whole) THEN 'full' ELSE 'sampled' END,"
    /* of those that sampled any block: the others have no interval */
    " max(sample_interval), coalesce(min(CASE WHEN interval_high > 1 THEN interval_low END), 1),"
    " max(interval_high),"
    " min(whole), add_up(whole_ns), add_up(whole_allocations),"
    " max(budget), add_up(spent_ns),"
    " add_up(allocations), add_up(frees), add_up(bytes),"
    " add_up(recorded), add_up(lost),"
    /* times of several runs have nothing in common */
    " CASE count(*) WHEN 1 THEN max(lost_from_ns) ELSE 0 END,"
    " CASE count(*) WHEN 1 THEN max(lost_until_ns) ELSE 0 END,"
    " max(lost_why), add_up(paused_ns), add_up(pauses), add_up(passed),"
    " add_up(unknown), max(peak_bytes),"
    " (SELECT peak_ns FROM run ORDER BY peak_bytes DESC, id LIMIT 1), add_up(threads),"
    " count(*), add_up(processes), add_up(cut), add_up(broken), add_up(unmatched_frees),"
    " add_up(freed_before), (SELECT total(estimated) FROM site WHERE pool != ''),"
    " (SELECT total(bytes) FROM site WHERE pool != ''), add_up(pool_unmatched),"
    " min(complete), max(running), add_up(damaged), add_up(missing),"
    " add_up(cost_ns),"
    " (SELECT total(timed) FROM site),"
    " max(stack_limit),"
    " (SELECT exe FROM run ORDER BY id LIMIT 1),"
    " (SELECT trace FROM run ORDER BY id LIMIT 1),"
    " (SELECT allocator FROM run ORDER BY id LIMIT 1),"
    " (SELECT max(marks) FROM run),"
    " (SELECT wrappers FROM run ORDER BY id LIMIT 1),"
    " (SELECT found_wrappers FROM run ORDER BY id LIMIT 1),"
    " add_up(steps), add_up(steps_over), add_up(steps_proved), add_up(steps_presumed),"
    " add_up(steps_unread), add_up(presumed_local), add_up(presumed_wrong),"
    " (SELECT filter FROM run ORDER BY id LIMIT 1),"
    " count(*) > 1 AND min(session) != '' AND min(session) = max(session),"
    " add_up(whole = 0)"
    " FROM run HAVING count(*) > 0";

static const struct column columns[] = {
	{ "command", "command", COLUMN_LIST },
	{ "pid", "pid", COLUMN_INT },
	{ "start", "start", COLUMN_TEXT },
	{ "duration_ns", "duration", COLUMN_NS },
	{ "window_ns", "recorded window", COLUMN_NS },
	{ "mode", "mode", COLUMN_TEXT },
	{ "sample_interval", "sample interval", COLUMN_COUNT },
	{ "interval_low", "least interval", COLUMN_COUNT },
	{ "interval_high", "longest interval", COLUMN_COUNT },
	{ "whole", "whole", COLUMN_BOOL },
	{ "whole_ns", "whole for", COLUMN_NS },
	{ "whole_allocations", "whole, blocks", COLUMN_COUNT },
	{ "budget", "budget, %", COLUMN_REAL },
	{ "spent_ns", "budget spent", COLUMN_NS },
	{ "allocations", "allocations", COLUMN_COUNT },
	{ "frees", "frees", COLUMN_COUNT },
	{ "bytes", "bytes", COLUMN_BYTES },
	{ "recorded", "recorded", COLUMN_COUNT },
	{ "lost", "lost", COLUMN_COUNT },
	{ "lost_from_ns", "lost from", COLUMN_NS },
	{ "lost_until_ns", "lost until", COLUMN_NS },
	{ "lost_why", "lost, why", COLUMN_TEXT },
	{ "paused_ns", "paused", COLUMN_NS },
	{ "pauses", "pauses", COLUMN_COUNT },
	{ "passed", "not recorded then", COLUMN_COUNT },
	{ "unknown", "unknown fate", COLUMN_COUNT },
	{ "peak_bytes", "peak", COLUMN_BYTES },
	{ "peak_ns", "peak after", COLUMN_NS },
	{ "threads", "threads", COLUMN_COUNT },
	{ "runs", "runs", COLUMN_COUNT },
	{ "processes", "processes", COLUMN_COUNT },
	{ "cut", "stacks cut", COLUMN_COUNT },
	{ "broken", "stacks broken", COLUMN_COUNT },
	{ "unmatched_frees", "unmatched frees", COLUMN_COUNT },
	{ "freed_before", "allocated before", COLUMN_COUNT },
	{ "pool_blocks", "in pools", COLUMN_COUNT },
	{ "pool_bytes", "bytes in pools", COLUMN_BYTES },
	{ "pool_unmatched", "unmatched frees in pools", COLUMN_COUNT },
	{ "complete", "complete", COLUMN_BOOL },
	{ "running", "still running", COLUMN_BOOL },
	{ "damaged", "damaged places", COLUMN_COUNT },
	{ "missing", "missing of the trace", COLUMN_BYTES },
	{ "cost_ns", "malloc and free", COLUMN_NS },
	{ "timed", "timed calls", COLUMN_COUNT },
	{ "stack_limit", "stack limit", COLUMN_BYTES },
	{ "exe", "executable", COLUMN_PATH },
	{ "trace", "trace", COLUMN_PATH },
	{ "allocator", "allocator", COLUMN_PATH },
	{ "marks", "marks", COLUMN_TEXT },
	{ "wrappers", "wrappers", COLUMN_LIST },
	{ "found_wrappers", "found to be wrappers", COLUMN_LIST },
	{ "steps", "stacks followed", COLUMN_COUNT },
	{ "steps_over", "activations over", COLUMN_COUNT },
	{ "steps_proved", "rest proved", COLUMN_COUNT },
	{ "steps_presumed", "rest presumed", COLUMN_COUNT },
	{ "steps_unread", "code not read", COLUMN_COUNT },
	{ "presumed_local", "unmarked: local", COLUMN_COUNT },
	{ "presumed_wrong", "unmarked: wrong", COLUMN_COUNT },
	{ "filter", "only what passes", COLUMN_TEXT },
	{ "one_session", "of one esc record", COLUMN_BOOL },
	{ "sampled_runs", "runs that were sampled", COLUMN_COUNT },
};

const struct report report_run = {
	.name = "run",
	.summary = "what ran, and how much it allocated",
	.sql = sql,
	.columns = columns,
	.width = sizeof(columns) / sizeof(*columns),
	.is_single = true,
};
