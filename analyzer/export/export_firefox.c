/*
 * For Firefox's profiler (profiler.firefox.com), in its processed format, version 60. The
 * database has no single events: what it knows of a path by thread and slice of time is one
 * entry, in the middle of the slice. A thread's samples are the time in malloc and free, its
 * allocations the bytes. What is known without time is a thread of its own, as the profiler
 * shows DHAT's metrics.
 */
#include "config.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/export/columns.h"
#include "analyzer/export/export.h"
#include "analyzer/export/firefox.h"
#include "analyzer/export/origin.h"
#include "analyzer/export/path_facts.h"
#include "analyzer/export/stack_paths.h"
#include "analyzer/store/query.h"
#include "analyzer/util/json.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

enum { FIREFOX_VERSION = 60, FIREFOX_GECKO = 30, FIREFOX_ENTRIES = 1000000 };

/* Blocks of a path, a thread and a slice. */
struct firefox_entry {
	int64_t thread; /* id; 0: others */
	double ms, bytes, cost_ms;
	int64_t stack;
};

struct firefox {
	struct stack_paths paths;
	struct map path_of; /* site(id) and stack(id) -> path */
	struct firefox_tables tables;
	struct origin origin;
	struct firefox_entry *entries; /* by thread and time */
	size_t entry_count, entry_cap;
	double bytes; /* of all paths */
	double told;  /* of the entries */
	double slice_ms, end_ms;
};

static int
firefox_compare(const void *left, const void *right)
{
	const struct firefox_entry *a = left;
	const struct firefox_entry *b = right;

	if (a->thread != b->thread)
		return a->thread < b->thread ? -1 : 1;
	if (a->ms < b->ms || a->ms > b->ms)
		return a->ms < b->ms ? -1 : 1;
	return a->stack < b->stack ? -1 : a->stack > b->stack;
}

static double
firefox_number(double value)
{
	return isfinite(value) && value > 0 ? (value < 0x1p53 ? value : 0x1p53) : 0;
}

static void
firefox_add(struct firefox *firefox, const struct query *query)
{
	struct map_key key = { (uint64_t)query_int(query, 0), (uint64_t)query_int(query, 1) };
	const uint64_t *path = map_find(&firefox->path_of, key);
	double slice = firefox_number(query_real(query, 6)) / 1e6;
	struct firefox_entry entry = { .thread = query_int(query, 2) };

	if (!path)
		return;
	entry.ms = firefox_number(query_real(query, 7)) / 1e6 +
	    (firefox_number(query_real(query, 3)) + 0.5) * slice;
	entry.bytes = firefox_number(query_real(query, 5));
	entry.cost_ms = firefox_number(query_real(query, 4)) * firefox->paths.ns[*path] / 1e6;
	entry.stack = firefox->tables.of_path[*path];
	firefox->told += entry.bytes;
	firefox->slice_ms = fmax(firefox->slice_ms, slice);
	firefox->end_ms = fmax(firefox->end_ms, entry.ms);
	firefox->entries = xgrow(firefox->entries, &firefox->entry_cap, firefox->entry_count + 1,
	    sizeof(*firefox->entries));
	firefox->entries[firefox->entry_count++] = entry;
}

/* The largest, if they are too many. */
static int
firefox_load_entries(struct firefox *firefox, struct query_db *db, struct err *err)
{
	struct query *query;
	int rc = -1;

	for (size_t i = 0; i < firefox->paths.count; i++) {
		const struct path_fact *fact = &firefox->paths.facts[i];
		struct map_key key = { (uint64_t)fact->site, (uint64_t)fact->stack };

		*map_insert(&firefox->path_of, key, NULL) = i;
		firefox->bytes += fact->bytes;
	}
	query = query_prepare(db,
	    "SELECT c.site, c.stack, c.thread, c.slice, c.blocks, c.bytes, r.slice_ns,"
	    " r.duration_ns - r.window_ns FROM path_cell c JOIN site s ON s.id = c.site"
	    " JOIN run r ON r.id = s.run ORDER BY c.bytes DESC, c.rowid LIMIT ?",
	    err);
	if (!query)
		return -1;
	query_bind_int(query, 1, FIREFOX_ENTRIES);
	while ((rc = query_next(query, err)) > 0)
		firefox_add(firefox, query);
	query_finish(query);
	if (firefox->entry_count > 1)
		qsort(firefox->entries, firefox->entry_count, sizeof(*firefox->entries),
		    firefox_compare);
	return rc;
}

static void
firefox_member(struct json *json, const char *key, const char *value)
{
	json_key(json, key);
	firefox_string(json, value);
}

/* What the profiler lists of a profile: label and text. */
static void
firefox_note(struct json *json, const char *label, const char *text)
{
	json_begin_object(json);
	firefox_member(json, "label", label);
	json_key(json, "format");
	json_string(json, "string");
	firefox_member(json, "value", text);
	json_end_object(json);
}

static void
firefox_notes(const struct firefox *firefox, struct json *json)
{
	struct strbuf left = { 0 };

	json_key(json, "extra");
	json_begin_array(json);
	json_begin_object(json);
	json_key(json, "label");
	json_string(json, "esc");
	json_key(json, "entries");
	json_begin_array(json);
	firefox_note(json, "Resolution",
	    "an entry is what a path allocated in a thread and a slice of time, in its middle");
	for (size_t i = 0; i < firefox->origin.note_count; i++)
		firefox_note(json, "Note", firefox->origin.notes[i]);
	if (firefox->bytes - firefox->told >= 1) {
		strbuf_addf(&left,
		    "%.0f of %.0f bytes are not in the threads: of these entries "
		    "the largest %d are told",
		    firefox->bytes - firefox->told, firefox->bytes, FIREFOX_ENTRIES);
		firefox_note(json, "Left out", left.text);
	}
	strbuf_release(&left);
	json_end_array(json);
	json_end_object(json);
	json_end_array(json);
}

static void
firefox_flag(struct json *json, const char *key, bool value)
{
	json_key(json, key);
	json_bool(json, value);
}

static void
firefox_count(struct json *json, const char *key, int64_t value)
{
	json_key(json, key);
	json_int(json, value);
}

static void
firefox_meta(const struct firefox *firefox, struct json *json)
{
	const struct origin *origin = &firefox->origin;

	json_key(json, "meta");
	json_begin_object(json);
	firefox_count(json, "preprocessedProfileVersion", FIREFOX_VERSION);
	firefox_count(json, "version", FIREFOX_GECKO);
	firefox_member(json, "product", origin->command ? origin->command : "");
	firefox_member(json, "importedFrom", "esc " PACKAGE_VERSION);
	firefox_member(json, "arguments", origin->command ? origin->command : "");
	json_key(json, "startTime");
	json_double(json, (double)origin->start_ns / 1e6);
	json_key(json, "interval");
	json_double(json, firefox->slice_ms > 0 ? firefox->slice_ms : 1);
	firefox_count(json, "processType", 0);
	firefox_count(json, "stackwalk", 1);
	firefox_flag(json, "debug", false);
	firefox_flag(json, "symbolicated", true);
	firefox_flag(json, "symbolicationNotSupported", true);
	firefox_flag(json, "usesOnlyOneStackType", true);
	firefox_flag(json, "doesNotUseFrameImplementation", true);
	firefox_flag(json, "sourceCodeIsNotOnSearchfox", true);
	firefox_flag(json, "keepProfileThreadOrder", true);
	json_key(json, "markerSchema");
	json_begin_array(json);
	json_end_array(json);
	firefox_categories_write(json);
	firefox_notes(firefox, json);
	json_end_object(json);
}

/* The columns of samples or allocations, as they are collected. */
struct firefox_columns {
	int64_t *stack;
	double *ms, *weight;
	size_t count;
};

static void
firefox_columns_make(struct firefox_columns *columns, size_t count)
{
	columns->stack = xcalloc(count + 1, sizeof(*columns->stack));
	columns->ms = xcalloc(count + 1, sizeof(*columns->ms));
	columns->weight = xcalloc(count + 1, sizeof(*columns->weight));
	columns->count = 0;
}

static void
firefox_columns_add(struct firefox_columns *columns, int64_t stack, double ms, double weight)
{
	columns->stack[columns->count] = stack;
	columns->ms[columns->count] = ms;
	columns->weight[columns->count++] = weight;
}

static void
firefox_columns_release(struct firefox_columns *columns)
{
	free(columns->stack);
	free(columns->ms);
	free(columns->weight);
}

static void
firefox_reals(struct json *json, const char *name, const double *values, size_t count)
{
	json_key(json, name);
	json_begin_array(json);
	for (size_t i = 0; i < count; i++)
		json_double(json, values[i]);
	json_end_array(json);
}

/* "name": a table of them; what is not of time is rounded in a row. */
static void
firefox_columns_write(const struct firefox_columns *columns, struct json *json, const char *name,
    const char *weight_type)
{
	struct columns_carry carry = { 0 };

	json_key(json, name);
	json_begin_object(json);
	json_key(json, "stack");
	json_begin_array(json);
	for (size_t i = 0; i < columns->count; i++) {
		if (columns->stack[i] < 0)
			json_null(json);
		else
			json_int(json, columns->stack[i]);
	}
	json_end_array(json);
	firefox_reals(json, "time", columns->ms, columns->count);
	firefox_member(json, "weightType", weight_type);
	if (strcmp(weight_type, "tracing-ms") == 0) {
		firefox_reals(json, "weight", columns->weight, columns->count);
	} else {
		json_key(json, "weight");
		json_begin_array(json);
		for (size_t i = 0; i < columns->count; i++)
			json_int(json, columns_carry(&carry, columns->weight[i]));
		json_end_array(json);
	}
	firefox_count(json, "length", (int64_t)columns->count);
	json_end_object(json);
}

/* All of a thread but its samples and allocations. */
static void
firefox_thread_head(struct json *json, const char *name, int64_t pid, int64_t tid, bool is_main)
{
	static const char *const markers[] = { "data", "name", "startTime", "endTime", "phase",
		"category" };
	char text[32];

	json_begin_object(json);
	firefox_member(json, "processType", "default");
	firefox_count(json, "processStartupTime", 0);
	firefox_count(json, "registerTime", 0);
	json_key(json, "processShutdownTime");
	json_null(json);
	json_key(json, "unregisterTime");
	json_null(json);
	json_key(json, "pausedRanges");
	json_begin_array(json);
	json_end_array(json);
	firefox_member(json, "name", name);
	firefox_flag(json, "isMainThread", is_main);
	snprintf(text, sizeof(text), "%lld", (long long)pid);
	firefox_member(json, "pid", text);
	firefox_count(json, "tid", tid);
	json_key(json, "markers");
	json_begin_object(json);
	for (size_t i = 0; i < sizeof(markers) / sizeof(*markers); i++) {
		json_key(json, markers[i]);
		json_begin_array(json);
		json_end_array(json);
	}
	firefox_count(json, "length", 0);
	json_end_object(json);
}

/* The thread of count entries. */
static void
firefox_thread(const struct firefox *firefox, struct json *json, const struct query *thread,
    const struct firefox_entry *entries, size_t count)
{
	struct firefox_columns time, bytes;
	char name[64];

	firefox_columns_make(&time, count);
	firefox_columns_make(&bytes, count);
	for (size_t i = 0; i < count; i++) {
		firefox_columns_add(&time, entries[i].stack, entries[i].ms, entries[i].cost_ms);
		firefox_columns_add(&bytes, entries[i].stack, entries[i].ms, entries[i].bytes);
	}
	snprintf(name, sizeof(name), thread ? "thread %lld" : "other threads",
	    thread ? (long long)query_int(thread, 0) : 0);
	firefox_thread_head(json, name, thread ? query_int(thread, 1) : firefox->origin.pid,
	    thread ? query_int(thread, 2) : 0,
	    thread && query_int(thread, 1) == query_int(thread, 2));
	firefox_columns_write(&time, json, "samples", "tracing-ms");
	firefox_columns_write(&bytes, json, "nativeAllocations", "bytes");
	json_end_object(json);
	firefox_columns_release(&time);
	firefox_columns_release(&bytes);
}

static int
firefox_threads(
    const struct firefox *firefox, struct json *json, struct query_db *db, struct err *err)
{
	struct query *query =
	    query_prepare(db, "SELECT number, pid, tid FROM thread WHERE id = ?", err);
	int rc = query ? 0 : -1;

	for (size_t i = 0, count; rc >= 0 && i < firefox->entry_count; i += count) {
		const struct firefox_entry *entries = &firefox->entries[i];

		for (count = 1;
		     i + count < firefox->entry_count && entries[count].thread == entries->thread;)
			count++;
		query_reset(query);
		query_bind_int(query, 1, entries->thread);
		rc = query_next(query, err);
		if (rc >= 0)
			firefox_thread(firefox, json, rc > 0 ? query : NULL, entries, count);
	}
	query_finish(query);
	return rc < 0 ? -1 : 0;
}

/* What is known of paths for the whole time, each as a thread. */
static void
firefox_metrics(const struct firefox *firefox, struct json *json)
{
	static const struct {
		const char *name, *type;
	} metrics[] = {
		{ "[blocks allocated]", "samples" },
		{ "[blocks that need not be on the heap]", "samples" },
		{ "[bytes that need not be on the heap]", "bytes" },
		{ "[bytes that are live at the end]", "bytes" },
	};

	for (size_t m = 0; m < sizeof(metrics) / sizeof(*metrics); m++) {
		struct firefox_columns columns;

		firefox_columns_make(&columns, firefox->paths.count);
		for (size_t i = 0; i < firefox->paths.count; i++) {
			const struct path_fact *fact = &firefox->paths.facts[i];
			const double values[] = { fact->blocks, fact->blocks * fact->share,
				fact->bytes * fact->share, fact->live_bytes };

			firefox_columns_add(
			    &columns, firefox->tables.of_path[i], firefox->end_ms, values[m]);
		}
		firefox_thread_head(
		    json, metrics[m].name, firefox->origin.pid, -(int64_t)m - 1, false);
		firefox_columns_write(&columns, json, "samples", metrics[m].type);
		json_end_object(json);
		firefox_columns_release(&columns);
	}
}

/* A moment of a run's time line. */
struct firefox_moment {
	int64_t at, live, calls;
};

static void
firefox_counter_write(
    struct json *json, int64_t pid, const struct firefox_moment *moments, size_t count)
{
	char text[32];

	json_begin_object(json);
	firefox_member(json, "name", "malloc");
	firefox_member(json, "category", "Memory");
	firefox_member(json, "description", "The most that was live in each slice of time");
	snprintf(text, sizeof(text), "%lld", (long long)pid);
	firefox_member(json, "pid", text);
	firefox_count(json, "mainThreadIndex", 0);
	json_key(json, "samples");
	json_begin_object(json);
	json_key(json, "time");
	json_begin_array(json);
	for (size_t i = 0; i < count; i++)
		json_double(json, (double)moments[i].at / 1e6);
	json_end_array(json);
	json_key(json, "count"); /* what it differs by from the one before */
	json_begin_array(json);
	for (size_t i = 0; i < count; i++)
		json_int(json, moments[i].live - (i > 0 ? moments[i - 1].live : 0));
	json_end_array(json);
	json_key(json, "number");
	json_begin_array(json);
	for (size_t i = 0; i < count; i++)
		json_int(json, moments[i].calls);
	json_end_array(json);
	firefox_count(json, "length", (int64_t)count);
	json_end_object(json);
	json_end_object(json);
}

/* "counters": of each run what was live over time. */
static int
firefox_counters(struct json *json, struct query_db *db, struct err *err)
{
	struct query *query = query_prepare(db,
	    "SELECT r.id, r.pid, t.at, t.live_bytes, t.allocations + t.frees"
	    " FROM timeline t JOIN run r ON r.id = t.run ORDER BY r.id, t.at",
	    err);
	struct firefox_moment *moments = NULL;
	size_t count = 0, cap = 0;
	int64_t run = 0, pid = 0;
	int rc = -1;

	json_key(json, "counters");
	json_begin_array(json);
	while (query && (rc = query_next(query, err)) > 0) {
		if (count > 0 && query_int(query, 0) != run) {
			firefox_counter_write(json, pid, moments, count);
			count = 0;
		}
		run = query_int(query, 0);
		pid = query_int(query, 1);
		moments = xgrow(moments, &cap, count + 1, sizeof(*moments));
		moments[count++] = (struct firefox_moment){ query_int(query, 2),
			columns_round(query_real(query, 3)), columns_round(query_real(query, 4)) };
	}
	if (count > 0)
		firefox_counter_write(json, pid, moments, count);
	json_end_array(json);
	free(moments);
	query_finish(query);
	return rc;
}

static int
firefox_write(struct firefox *firefox, struct query_db *db, FILE *out, struct err *err)
{
	struct json json;
	int rc;

	json_start(&json, out);
	json_begin_object(&json);
	firefox_meta(firefox, &json);
	firefox_tables_write(&firefox->tables, &json);
	json_key(&json, "threads");
	json_begin_array(&json);
	rc = firefox_threads(firefox, &json, db, err);
	firefox_metrics(firefox, &json);
	json_end_array(&json);
	if (rc == 0)
		rc = firefox_counters(&json, db, err);
	json_end_object(&json);
	return rc;
}

static int
write_firefox(const struct export_options *options, struct query_db *db, FILE *out, struct err *err)
{
	struct firefox firefox = { .entry_count = 0 };
	int rc = origin_load(&firefox.origin, db, err);

	(void)options;
	if (rc == 0)
		rc = stack_paths_load(&firefox.paths, db, err);
	if (rc == 0) {
		firefox_tables_make(&firefox.tables, &firefox.paths);
		rc = firefox_load_entries(&firefox, db, err);
	}
	if (rc == 0)
		rc = firefox_write(&firefox, db, out, err);
	firefox_tables_release(&firefox.tables);
	stack_paths_release(&firefox.paths);
	origin_release(&firefox.origin);
	map_release(&firefox.path_of);
	free(firefox.entries);
	return rc;
}

const struct export export_firefox = {
	.name = "firefox",
	.extension = "firefox.json",
	.summary = "for Firefox's profiler: by thread and time",
	.write = write_firefox,
};
