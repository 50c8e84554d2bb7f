#include "analyzer/report/site.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/format/cells.h"
#include "analyzer/format/rows.h"
#include "analyzer/report/advice.h"
#include "analyzer/report/report.h"
#include "analyzer/report/snippet.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/json.h"
#include "analyzer/util/paths.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

enum {
	SITE_STACKS = 50,  /* the heaviest of each kind */
	SITE_FRAMES = 200, /* innermost of a stack */
	SITE_AROUND = 12,  /* lines of source before and behind */
	SITE_LINE = 2000,  /* bytes of one */
};

/* What the parts are written with. */
struct writer {
	const struct site *site;
	struct query_db *db;
	struct json json;
	size_t row;
};

/* ---- which site */

/* ids: "[3,17]", those of all runs that the row is made of. */
static bool
site_has(const char *ids, int64_t id)
{
	while (*ids) {
		char *end;
		long long one;

		ids += strspn(ids, "[], ");
		one = strtoll(ids, &end, 10);
		if (end == ids)
			return false;
		if (one == id)
			return true;
		ids = end;
	}
	return false;
}

int64_t
site_row(const struct rows *sites, int64_t id)
{
	for (size_t i = 0; i < sites->count; i++) {
		if (site_has(rows_text(sites, i, ".ids"), id))
			return (int64_t)i;
	}
	return -1;
}

/* file is what, or ends in it behind a slash. */
static bool
site_is_file(const char *file, const char *what, size_t len)
{
	size_t whole = strlen(file);

	return len > 0 && whole >= len && memcmp(file + whole - len, what, len) == 0 &&
	    (whole == len || file[whole - len - 1] == '/' || *what == '/');
}

bool
site_is(const struct rows *sites, size_t row, const char *what)
{
	const char *colon = strrchr(what, ':');
	char *end;
	long long line = strtoll(what, &end, 10);

	if (*what != '\0' && *end == '\0')
		return site_has(rows_text(sites, row, ".ids"), line);
	line = colon && colon[1] != '\0' ? strtoll(colon + 1, &end, 10) : 0;
	if (strcmp(rows_text(sites, row, "function"), what) == 0)
		return true;
	return colon && *end == '\0' && line > 0 && rows_int(sites, row, "line") == line &&
	    site_is_file(rows_text(sites, row, "file"), what, (size_t)(colon - what));
}

/* ---- its parts */

/* A statement over the sites that the row stands for, of several runs. */
#define SITE_SAME "(SELECT value FROM json_each(?1))"

static struct query *
write_query(struct writer *writer, const char *sql, struct err *err)
{
	struct query *query = query_prepare(writer->db, sql, err);

	if (query)
		query_bind_text(query, 1, rows_text(writer->site->sites, writer->row, ".ids"));
	return query;
}

static void
write_text(struct json *json, const char *key, const char *text)
{
	json_key(json, key);
	json_string(json, text);
}

static void
write_int(struct json *json, const char *key, int64_t value)
{
	json_key(json, key);
	json_int(json, value);
}

/* Rounded as the formats round. */
static void
write_real(struct json *json, const char *key, double value)
{
	struct cell cell = { .type = CELL_REAL, .real = value };

	write_int(json, key, cell_whole(&cell));
}

static void
write_path(const struct writer *writer, struct json *json, const char *file)
{
	char *shown = paths_shown(writer->site->paths, file);

	write_text(json, "file", shown);
	free(shown);
}

/* "stack": its frames, innermost first, and how many there are if these are not all. */
static int
write_stack(struct writer *writer, int64_t id, struct err *err)
{
	struct json *json = &writer->json;
	size_t count;
	struct report_frame *frames = report_stack(writer->db, id, &count, err);

	if (!frames)
		return -1;
	json_key(json, "stack");
	json_begin_array(json);
	for (size_t i = 0; i < count && i < SITE_FRAMES; i++) {
		json_begin_object(json);
		write_text(json, "function", frames[i].function);
		write_path(writer, json, frames[i].file);
		write_int(json, "line", frames[i].line);
		write_int(json, "column", frames[i].column);
		write_text(json, "module", frames[i].module);
		json_key(json, "wrapper");
		json_bool(json, frames[i].is_wrapper);
		json_key(json, "startup");
		json_bool(json, frames[i].is_startup);
		json_end_object(json);
	}
	json_end_array(json);
	if (count > SITE_FRAMES)
		write_int(json, "frames", (int64_t)count);
	report_stack_free(frames, count);
	return 0;
}

static int
write_paths(struct writer *writer, struct err *err)
{
	static const char *const names[] = { NULL, "blocks", "bytes", "cost_ns" };
	static const char *const fates[] = { "local", "up", "thread", "live", "unknown" };
	struct query *query = write_query(writer,
	    "SELECT stack, total(blocks), total(bytes), total(cost), total(local), total(up),"
	    " total(thread), total(live), total(unknown), count(*) OVER () FROM path"
	    " WHERE site IN " SITE_SAME " GROUP BY stack"
	    " ORDER BY total(cost) DESC, total(blocks) DESC, stack LIMIT 50",
	    err);
	struct json *json = &writer->json;
	int64_t total = 0;
	int rc = -1;

	json_key(json, "paths");
	json_begin_array(json);
	while (query && (rc = query_next(query, err)) > 0) {
		total = query_int(query, 9);
		json_begin_object(json);
		for (int i = 1; i <= 3; i++)
			write_real(json, names[i], query_real(query, i));
		json_key(json, "fates");
		json_begin_object(json);
		for (int i = 0; i < 5; i++)
			write_real(json, fates[i], query_real(query, 4 + i));
		json_end_object(json);
		if (write_stack(writer, query_int(query, 0), err) < 0) {
			rc = -1;
			break;
		}
		json_end_object(json);
	}
	json_end_array(json);
	write_int(json, "paths_total", total);
	query_finish(query);
	return rc;
}

static int
write_owners(struct writer *writer, struct err *err)
{
	struct query *query = write_query(writer,
	    "SELECT f.function, f.file, f.line, o.distance, o.fate, add_up(o.blocks) AS n,"
	    " add_up(o.proved) FROM owner o JOIN frame f ON f.id = o.frame"
	    " WHERE o.site IN " SITE_SAME " GROUP BY f.function, f.file, f.line, o.distance, o.fate"
	    " ORDER BY n DESC, o.distance, f.function LIMIT 200",
	    err);
	struct json *json = &writer->json;
	int rc = -1;

	json_key(json, "owners");
	json_begin_array(json);
	while (query && (rc = query_next(query, err)) > 0) {
		json_begin_object(json);
		write_text(json, "function", query_text(query, 0));
		write_path(writer, json, query_text(query, 1));
		write_int(json, "line", query_int(query, 2));
		write_int(json, "distance", query_int(query, 3));
		write_text(json, "fate", query_text(query, 4));
		write_int(json, "blocks", query_int(query, 5));
		write_int(json, "proved", query_int(query, 6));
		json_end_object(json);
	}
	json_end_array(json);
	query_finish(query);
	return rc;
}

static int
write_freed(struct writer *writer, struct err *err)
{
	struct query *query = write_query(writer,
	    "SELECT stack, fate, total(blocks), count(*) OVER () FROM free_path"
	    " WHERE site IN " SITE_SAME
	    " GROUP BY stack, fate ORDER BY total(blocks) DESC, stack, fate LIMIT 50",
	    err);
	struct json *json = &writer->json;
	int64_t total = 0;
	int rc = -1;

	json_key(json, "freed");
	json_begin_array(json);
	while (query && (rc = query_next(query, err)) > 0) {
		total = query_int(query, 3);
		json_begin_object(json);
		write_text(json, "fate", query_text(query, 1));
		write_real(json, "blocks", query_real(query, 2));
		if (write_stack(writer, query_int(query, 0), err) < 0) {
			rc = -1;
			break;
		}
		json_end_object(json);
	}
	json_end_array(json);
	write_int(json, "freed_total", total);
	query_finish(query);
	return rc;
}

/* An array of a key and its blocks: `name` of `what`. */
static int
write_counts(
    struct writer *writer, const char *part, const char *name, const char *sql, struct err *err)
{
	struct query *query = write_query(writer, sql, err);
	struct json *json = &writer->json;
	int rc = -1;

	json_key(json, part);
	json_begin_array(json);
	while (query && (rc = query_next(query, err)) > 0) {
		json_begin_object(json);
		if (query_type(query, 0) == QUERY_TEXT)
			write_text(json, name, query_text(query, 0));
		else
			write_int(json, name, query_int(query, 0));
		write_real(json, "blocks", query_real(query, 1));
		json_end_object(json);
	}
	json_end_array(json);
	query_finish(query);
	return rc;
}

static int
write_histograms(struct writer *writer, struct err *err)
{
	if (write_counts(writer, "sizes", "size",
		"SELECT size, total(blocks) FROM size_histogram WHERE site IN " SITE_SAME
		" GROUP BY size ORDER BY size",
		err) < 0 ||
	    write_counts(writer, "lives", "life_ns",
		"SELECT life, total(blocks) FROM life_histogram WHERE site IN " SITE_SAME
		" GROUP BY life ORDER BY life",
		err) < 0)
		return -1;
	return write_counts(writer, "unknown_why", "reason",
	    "SELECT w.key || '', total(w.value) AS n FROM site s, json_each(CASE WHEN"
	    " json_valid(s.unknown_why) THEN s.unknown_why ELSE '{}' END) w"
	    " WHERE s.id IN " SITE_SAME " GROUP BY w.key HAVING n > 0 ORDER BY n DESC LIMIT 20",
	    err);
}

static int
write_counter(struct writer *writer, struct err *err)
{
	const struct rows *sites = writer->site->sites;
	const char *fate = rows_text(sites, writer->row, "counterexample.fate");
	struct json *json = &writer->json;
	int rc;

	json_key(json, "counterexample");
	if (!*fate || !advice_shows_counter(rows_text(sites, writer->row, "verdict"))) {
		json_null(json);
		return 0;
	}
	json_begin_object(json);
	write_text(json, "fate", fate);
	rc = write_stack(writer, rows_int(sites, writer->row, ".counter_id"), err);
	json_end_object(json);
	return rc;
}

/* ---- its source */

/* The lines from `first` on that are near line, which is there. */
static void
source_lines(struct json *json, const char *text, size_t len, int64_t first, int64_t last)
{
	const char *at = text;
	const char *end = text + len;

	json_key(json, "lines");
	json_begin_array(json);
	for (int64_t line = 1; at < end && line <= last; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t whole = (size_t)((stop ? stop : end) - at);

		if (whole > 0 && at[whole - 1] == '\r')
			whole--;
		if (line >= first)
			json_stringn(json, at, whole < SITE_LINE ? whole : SITE_LINE);
		at = stop ? stop + 1 : end;
	}
	json_end_array(json);
}

static void
write_source(struct writer *writer)
{
	const struct site *site = writer->site;
	const char *file = rows_text(site->sites, writer->row, "file");
	int64_t line = rows_int(site->sites, writer->row, "line");
	struct json *json = &writer->json;
	int64_t started = report_started(site->run);
	int64_t changed = 0;
	int64_t first = line > SITE_AROUND ? line - SITE_AROUND : 1;
	size_t len;
	char *text = line > 0 ? snippet_file(site->paths, file, &len, &changed) : NULL;

	json_key(json, "source");
	json_begin_object(json);
	write_text(json, "file", file);
	if (text) {
		write_int(json, "line", line);
		write_int(json, "first", first);
		json_key(json, "changed");
		json_bool(json, started > 0 && changed > started);
		source_lines(json, text, len, first, line < INT32_MAX ? line + SITE_AROUND : line);
	} else {
		write_text(json, "note",
		    line > 0 && *file ? snippet_unread
				      : "which source, is not known: no debug information");
	}
	json_end_object(json);
	free(text);
}

/* ---- all of it */

/* The row of the report, whole: stacks that are numbers yet are read for it. */
static int
write_row(struct writer *writer, struct err *err)
{
	const struct rows *sites = writer->site->sites;
	const struct cell *row = sites->cells + writer->row * sites->width;
	struct rows one = { .columns = sites->columns, .width = sites->width, .count = 1 };
	int rc;

	one.cells = xcalloc(sites->width, sizeof(*row));
	memcpy(one.cells, row, sites->width * sizeof(*row));
	rc = report_complete(writer->db, &one, 0, err);
	json_key(&writer->json, "site");
	cells_write_part(&writer->json, &one, true);
	for (size_t i = 0; i < sites->width; i++) {
		if (row[i].type == CELL_INT && one.cells[i].type != CELL_INT)
			cell_set_int(&one.cells[i], 0);
	}
	free(one.cells);
	return rc;
}

static void
write_words(struct writer *writer)
{
	const struct rows *sites = writer->site->sites;
	const struct rows *contexts = rows_at(sites, writer->row, "contexts")->rows;
	struct strbuf text = { 0 };

	advice_add_fate(&text, sites, writer->row);
	write_text(&writer->json, "fate", text.text);
	strbuf_release(&text);
	write_text(&writer->json, "advice", rows_text(sites, writer->row, "advice"));
	json_key(&writer->json, "contexts");
	if (contexts) {
		cells_write_rows(&writer->json, contexts);
	} else {
		json_begin_array(&writer->json);
		json_end_array(&writer->json);
	}
}

int
site_write(const struct site *site, struct query_db *db, size_t row, FILE *out, struct err *err)
{
	struct writer writer = { .site = site, .db = db, .row = row };
	int rc;

	json_start(&writer.json, out);
	json_begin_object(&writer.json);
	write_text(&writer.json, "schema", "esc-site/1");
	rc = write_row(&writer, err);
	write_words(&writer);
	if (rc == 0 &&
	    (write_paths(&writer, err) < 0 || write_owners(&writer, err) < 0 ||
		write_freed(&writer, err) < 0 || write_histograms(&writer, err) < 0 ||
		write_counter(&writer, err) < 0))
		rc = -1;
	write_source(&writer);
	json_end_object(&writer.json);
	return rc;
}
