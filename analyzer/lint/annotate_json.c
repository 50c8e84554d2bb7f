#include <stdlib.h>
#include <string.h>

#include "analyzer/format/rows.h"
#include "analyzer/lint/annotate.h"
#include "analyzer/lint/finding.h"
#include "analyzer/report/advice.h"
#include "analyzer/report/snippet.h"
#include "analyzer/util/json.h"
#include "analyzer/util/xalloc.h"

/* A site of the source. */
struct mark {
	int64_t line, column;
	double blocks;
	size_t row;
};

static int
by_place(const void *a, const void *b)
{
	const struct mark *one = a;
	const struct mark *other = b;
	int order = (one->line > other->line) - (one->line < other->line);

	if (order == 0)
		order = (one->column > other->column) - (one->column < other->column);
	if (order == 0)
		order = (one->blocks < other->blocks) - (one->blocks > other->blocks);
	return order ? order : one->row < other->row ? -1 : one->row > other->row;
}

static bool
mark_is_wanted(const struct annotate_source *source, size_t row)
{
	const struct rows *sites = source->sites;

	if (strcmp(rows_text(sites, row, "file"), source->file) != 0 ||
	    rows_int(sites, row, "blocks.observed") < source->min_blocks)
		return false;
	return !source->verdicts ||
	    advice_is_among(
		source->verdicts, advice_find(rows_text(sites, row, "verdict"))->verdict);
}

static void
write_mark(const struct annotate_source *source, const struct mark *mark, struct json *json)
{
	const struct rows *sites = source->sites;
	char *message = finding_message(sites, mark->row);

	json_begin_object(json);
	json_key(json, "line");
	json_int(json, mark->line);
	json_key(json, "column");
	json_int(json, mark->column);
	json_key(json, "id");
	json_int(json, rows_int(sites, mark->row, "id"));
	json_key(json, "verdict");
	json_string(json, rows_text(sites, mark->row, "verdict"));
	json_key(json, "blocks");
	json_int(json, rows_int(sites, mark->row, "blocks.estimated"));
	json_key(json, "bytes");
	json_int(json, rows_int(sites, mark->row, "bytes.estimated"));
	json_key(json, "message");
	json_string(json, message);
	json_end_object(json);
	free(message);
}

static void
write_marks(const struct annotate_source *source, struct json *json)
{
	const struct rows *sites = source->sites;
	struct mark *marks = NULL;
	size_t count = 0;
	size_t cap = 0;

	for (size_t at = 0; at < (source->rows ? source->row_count : sites->count); at++) {
		size_t i = source->rows ? source->rows[at] : at;

		if (!mark_is_wanted(source, i))
			continue;
		marks = xgrow(marks, &cap, count + 1, sizeof(*marks));
		marks[count++] = (struct mark){ rows_int(sites, i, "line"),
			rows_int(sites, i, "column"), rows_real(sites, i, "blocks.estimated"), i };
	}
	if (count > 0)
		qsort(marks, count, sizeof(*marks), by_place);
	json_key(json, "marks");
	json_begin_array(json);
	for (size_t i = 0; i < count; i++)
		write_mark(source, &marks[i], json);
	json_end_array(json);
	free(marks);
}

static void
write_lines(struct json *json, const char *text, size_t len)
{
	const char *end = text + len;

	json_key(json, "lines");
	json_begin_array(json);
	for (const char *at = text; at < end;) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t whole = (size_t)((stop ? stop : end) - at);

		if (whole > 0 && at[whole - 1] == '\r')
			whole--;
		json_stringn(json, at, whole);
		at = stop ? stop + 1 : end;
	}
	json_end_array(json);
}

void
annotate_write_json(const struct annotate_source *source, FILE *out)
{
	int64_t changed = 0;
	size_t len;
	char *text = snippet_file(source->paths, source->file, &len, &changed);
	struct json json;

	json_start(&json, out);
	json_begin_object(&json);
	json_key(&json, "schema");
	json_string(&json, "esc-annotate/1");
	json_key(&json, "file");
	json_string(&json, source->file);
	if (text) {
		json_key(&json, "changed");
		json_bool(&json, source->started > 0 && changed > source->started);
		write_lines(&json, text, len);
	} else {
		json_key(&json, "note");
		json_string(&json, snippet_unread);
	}
	write_marks(source, &json);
	json_end_object(&json);
	free(text);
}
