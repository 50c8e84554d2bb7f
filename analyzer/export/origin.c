#include "analyzer/export/origin.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyzer/store/query.h"
#include "analyzer/util/show.h"
#include "analyzer/util/xalloc.h"

/* Counts of several runs are added up. */
static const char sql[] =
    "SELECT (SELECT group_concat(a.value, ' ') FROM (SELECT command FROM run ORDER BY id LIMIT 1)"
    "  r, json_each(CASE WHEN json_valid(r.command) THEN r.command ELSE json_array(r.command)"
    "  END) a),"
    " (SELECT exe FROM run ORDER BY id LIMIT 1), (SELECT pid FROM run ORDER BY id LIMIT 1),"
    " (SELECT start FROM run ORDER BY id LIMIT 1), max(duration_ns), max(peak_bytes),"
    " count(*), min(whole), max(sample_interval), add_up(recorded), add_up(allocations),"
    " add_up(lost), max(lost_why), add_up(unknown), add_up(cut), add_up(broken), min(complete),"
    " max(running), add_up(damaged), add_up(missing), max(duration_ns - window_ns),"
    " min(window_ns), add_up(freed_before), max(filter), add_up(paused_ns), add_up(passed)"
    " FROM run";

enum origin_column {
	ORIGIN_COMMAND,
	ORIGIN_EXE,
	ORIGIN_PID,
	ORIGIN_START,
	ORIGIN_DURATION,
	ORIGIN_PEAK,
	ORIGIN_RUNS,
	ORIGIN_WHOLE,
	ORIGIN_INTERVAL,
	ORIGIN_RECORDED,
	ORIGIN_ALLOCATIONS,
	ORIGIN_LOST,
	ORIGIN_LOST_WHY,
	ORIGIN_UNKNOWN,
	ORIGIN_CUT,
	ORIGIN_BROKEN,
	ORIGIN_COMPLETE,
	ORIGIN_RUNNING,
	ORIGIN_DAMAGED,
	ORIGIN_MISSING,
	ORIGIN_OUTSIDE,
	ORIGIN_WINDOW,
	ORIGIN_BEFORE,
	ORIGIN_FILTER,
	ORIGIN_PAUSED,
	ORIGIN_PASSED,
};

__attribute__((format(printf, 2, 3))) static void
origin_note(struct origin *origin, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = xstrdup("a note was lost: no memory");
	va_end(arguments);
	origin->notes =
	    xgrow(origin->notes, &origin->note_cap, origin->note_count + 1, sizeof(*origin->notes));
	origin->notes[origin->note_count++] = text;
}

/* Adds what the number at that column counts, if there is any of it, in words for one of it
 * and for many. */
static void
origin_count(struct origin *origin, const struct query *query, enum origin_column column,
    const char *one, const char *many)
{
	int64_t count = query_int(query, (int)column);
	char text[SHOW_SIZE];

	if (count > 0)
		origin_note(origin, "%s %s", show_count(text, (double)count),
		    show_is_one((double)count) ? one : many);
}

static void
origin_sampled(struct origin *origin, const struct query *query)
{
	double allocations = (double)query_int(query, ORIGIN_ALLOCATIONS);
	double taken = (double)query_int(query, ORIGIN_RECORDED);
	char recorded[SHOW_SIZE], all[SHOW_SIZE], interval[SHOW_SIZE];

	if (query_int(query, ORIGIN_WHOLE) != 0)
		return;
	origin_note(origin,
	    "sampled, numbers are estimates: of %s block%s %s %s recorded, one every %s",
	    show_count(all, allocations), show_s(allocations), show_count(recorded, taken),
	    show_is_one(taken) ? "was" : "were",
	    show_bytes(interval, (double)query_int(query, ORIGIN_INTERVAL)));
}

static void
origin_lost(struct origin *origin, const struct query *query)
{
	double lost = (double)query_int(query, ORIGIN_LOST);
	char count[SHOW_SIZE];

	if (lost > 0)
		origin_note(origin, "%s event%s lost: %s", show_count(count, lost),
		    show_is_one(lost) ? " was" : "s were", query_text(query, ORIGIN_LOST_WHY));
}

static void
origin_gaps(struct origin *origin, const struct query *query)
{
	char text[SHOW_SIZE], count[SHOW_SIZE];
	double passed = (double)query_int(query, ORIGIN_PASSED);

	if (query_int(query, ORIGIN_RUNS) > 1)
		origin_note(
		    origin, "%lld runs are added up", (long long)query_int(query, ORIGIN_RUNS));
	if (query_text(query, ORIGIN_FILTER)[0] != '\0')
		origin_note(origin, "only what passes %s", query_text(query, ORIGIN_FILTER));
	origin_sampled(origin, query);
	origin_lost(origin, query);
	if (query_int(query, ORIGIN_PAUSED) > 0)
		origin_note(origin, "paused for %s, %s block%s not recorded",
		    show_ns(text, (double)query_int(query, ORIGIN_PAUSED)),
		    show_count(count, passed),
		    show_is_one(passed) ? " of then was" : "s of then were");
	if (query_int(query, ORIGIN_OUTSIDE) > 0)
		origin_note(origin, "flight recorder: of the last %s alone",
		    show_ns(text, (double)query_int(query, ORIGIN_WINDOW)));
	if (query_int(query, ORIGIN_RUNNING) != 0)
		origin_note(origin, "the program was still running");
	else if (query_int(query, ORIGIN_COMPLETE) == 0)
		origin_note(origin, "the trace is not complete");
	origin_count(origin, query, ORIGIN_DAMAGED, "place of the trace is damaged or missing",
	    "places of the trace are damaged or missing");
	origin_count(origin, query, ORIGIN_MISSING, "byte of the trace is missing",
	    "bytes of the trace are missing");
	origin_count(origin, query, ORIGIN_UNKNOWN, "block has an unknown fate",
	    "blocks have an unknown fate");
	origin_count(origin, query, ORIGIN_CUT, "stack was cut at the depth limit",
	    "stacks were cut at the depth limit");
	origin_count(origin, query, ORIGIN_BROKEN, "stack ended early: no unwind information there",
	    "stacks ended early: no unwind information there");
	origin_count(origin, query, ORIGIN_BEFORE, "block was allocated before the window",
	    "blocks were allocated before the window");
}

/* As store.h has it: 2026-11-20T20:00:00.123456789Z. */
static int64_t
origin_time(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t seconds, ns = 0;

	seconds = rest ? (int64_t)timegm(&tm) : 0;
	if (seconds <= 0 || seconds >= INT64_MAX / 1000000000)
		return 0;
	if (*rest == '.') {
		int64_t unit = 100000000;

		for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
			ns += (*rest - '0') * unit;
	}
	return seconds * 1000000000 + ns;
}

int
origin_load(struct origin *origin, struct query_db *db, struct err *err)
{
	struct query *query;
	int rc;

	*origin = (struct origin){ .notes = NULL };
	query = query_prepare(db, sql, err);
	rc = query ? query_next(query, err) : -1;
	if (rc > 0) {
		origin->command = xstrdup(query_text(query, ORIGIN_COMMAND));
		origin->exe = xstrdup(query_text(query, ORIGIN_EXE));
		origin->pid = query_int(query, ORIGIN_PID);
		origin->start_ns = origin_time(query_text(query, ORIGIN_START));
		origin->duration_ns = query_int(query, ORIGIN_DURATION);
		origin->peak_bytes = query_int(query, ORIGIN_PEAK);
		if (query_int(query, ORIGIN_RUNS) > 0)
			origin_gaps(origin, query);
	}
	query_finish(query);
	return rc < 0 ? -1 : 0;
}

void
origin_release(struct origin *origin)
{
	for (size_t i = 0; i < origin->note_count; i++)
		free(origin->notes[i]);
	free(origin->notes);
	free(origin->command);
	free(origin->exe);
	*origin = (struct origin){ .notes = NULL };
}
