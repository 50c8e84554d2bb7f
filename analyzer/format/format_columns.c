#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/format/cells.h"
#include "analyzer/format/format.h"
#include "analyzer/format/rows.h"
#include "analyzer/util/json.h"
#include "analyzer/util/map.h"
#include "analyzer/util/xalloc.h"

/* Distinct texts of a column, by when they came first. */
struct texts {
	struct map found; /* their keys, to their number and one */
	const char **list;
	size_t count;
	size_t cap;
};

static uint64_t
texts_number(struct texts *texts, const char *text)
{
	struct map_key key = map_key_of((struct map_key){ 0, 0 }, text, strlen(text));
	bool is_fresh;
	uint64_t *number = map_insert(&texts->found, key, &is_fresh);

	if (is_fresh) {
		texts->list =
		    xgrow(texts->list, &texts->cap, texts->count + 1, sizeof(*texts->list));
		*number = texts->count;
		texts->list[texts->count++] = text;
	}
	return *number;
}

/* Many sites share a function, a file, a verdict: each text once, and which. */
static void
columns_text(struct json *json, const struct rows *rows, size_t column)
{
	struct texts texts = { .list = NULL };

	json_begin_object(json);
	json_key(json, "at");
	json_begin_array(json);
	for (size_t i = 0; i < rows->count; i++) {
		const struct cell *cell = &rows->cells[i * rows->width + column];

		if (cell->type == CELL_TEXT)
			json_uint(json, texts_number(&texts, cell->text));
		else
			json_null(json);
	}
	json_end_array(json);
	json_key(json, "text");
	json_begin_array(json);
	for (size_t i = 0; i < texts.count; i++)
		json_string(json, texts.list[i]);
	json_end_array(json);
	json_end_object(json);
	map_release(&texts.found);
	free(texts.list);
}

static void
columns_write(struct json *json, const struct rows *rows, size_t column)
{
	enum column_kind kind = rows->columns[column].kind;

	json_key(json, rows->columns[column].name);
	if (kind == COLUMN_TEXT || kind == COLUMN_PATH) {
		columns_text(json, rows, column);
		return;
	}
	json_begin_array(json);
	for (size_t i = 0; i < rows->count; i++)
		cells_write_cell(json, &rows->cells[i * rows->width + column], kind);
	json_end_array(json);
}

/* Not what is many in a row: a reader who wants it asks for that row. */
static bool
columns_has(const struct column *column)
{
	return column->name[0] != '.' && column->kind != COLUMN_LIST &&
	    column->kind != COLUMN_STACK && column->kind != COLUMN_ROWS;
}

static void
columns_part(struct json *json, const struct format_part *part)
{
	const struct rows *rows = part->rows;

	if (part->is_single) {
		cells_write_part(json, rows, true);
		return;
	}
	json_begin_object(json);
	json_key(json, "count");
	json_uint(json, rows->count);
	json_key(json, "columns");
	json_begin_object(json);
	for (size_t i = 0; i < rows->width; i++) {
		if (columns_has(&rows->columns[i]))
			columns_write(json, rows, i);
	}
	json_end_object(json);
	json_end_object(json);
}

static void
write_columns(const struct format_document *document, FILE *out)
{
	struct json json;

	json_start(&json, out);
	json_begin_object(&json);
	if (document->schema) {
		json_key(&json, "schema");
		json_string(&json, document->schema);
	}
	for (size_t i = 0; i < document->count; i++) {
		json_key(&json, document->parts[i].name);
		columns_part(&json, &document->parts[i]);
	}
	json_end_object(&json);
}

const struct format format_columns = {
	.name = "columns",
	.summary = "one JSON object, an array a column, for programs that draw",
	.write = write_columns,
};
