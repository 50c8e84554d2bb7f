#include <string.h>

#include "analyzer/format/format.h"
#include "analyzer/format/rows.h"
#include "analyzer/util/json.h"

static void
write_list(struct json *json, const struct cell *cell)
{
	json_begin_array(json);
	for (size_t i = 0; i < cell->count; i++)
		json_string(json, cell->list[i]);
	json_end_array(json);
}

static void
write_number(struct json *json, const struct cell *cell, enum column_kind kind)
{
	if (kind == COLUMN_BOOL)
		json_bool(json, cell_whole(cell) != 0);
	else if (kind == COLUMN_REAL && cell->type == CELL_REAL)
		json_double(json, cell->real);
	else
		json_int(json, cell_whole(cell));
}

static void write_rows(struct json *json, const struct rows *rows);

static void
write_cell(struct json *json, const struct cell *cell, enum column_kind kind)
{
	switch (cell->type) {
	case CELL_INT:
	case CELL_REAL: write_number(json, cell, kind); return;
	case CELL_TEXT: json_string(json, cell->text); return;
	case CELL_LIST: write_list(json, cell); return;
	case CELL_ROWS: write_rows(json, cell->rows); return;
	case CELL_NULL: break;
	}
	if (kind == COLUMN_LIST || kind == COLUMN_STACK || kind == COLUMN_ROWS)
		write_list(json, cell);
	else
		json_null(json);
}

/* Columns from `at` on that are members of the same object; 0: it is in none. */
static size_t
group_length(const struct rows *rows, size_t at)
{
	const char *name = rows->columns[at].name;
	const char *dot = strchr(name, '.');
	size_t prefix = dot ? (size_t)(dot - name) + 1 : 0;
	size_t count = 0;

	if (!dot || dot == name)
		return 0;
	while (
	    at + count < rows->width && strncmp(rows->columns[at + count].name, name, prefix) == 0)
		count++;
	return count;
}

static void
write_group(
    struct json *json, const struct rows *rows, const struct cell *cells, size_t at, size_t count)
{
	const char *name = rows->columns[at].name;
	size_t prefix = (size_t)(strchr(name, '.') - name);
	char object[64];
	bool is_null = true;

	if (prefix >= sizeof(object))
		prefix = sizeof(object) - 1;
	memcpy(object, name, prefix);
	object[prefix] = '\0';
	json_key(json, object);
	for (size_t i = at; i < at + count; i++)
		is_null = is_null && cells[i].type == CELL_NULL;
	if (is_null) {
		json_null(json);
		return;
	}
	json_begin_object(json);
	for (size_t i = at; i < at + count; i++) {
		json_key(json, rows->columns[i].name + prefix + 1);
		write_cell(json, &cells[i], rows->columns[i].kind);
	}
	json_end_object(json);
}

static void
write_row(struct json *json, const struct rows *rows, size_t row)
{
	const struct cell *cells = rows->cells + row * rows->width;

	json_begin_object(json);
	for (size_t i = 0; i < rows->width;) {
		size_t group = group_length(rows, i);

		if (group > 0) {
			write_group(json, rows, cells, i, group);
			i += group;
			continue;
		}
		if (rows->columns[i].name[0] != '.') {
			json_key(json, rows->columns[i].name);
			write_cell(json, &cells[i], rows->columns[i].kind);
		}
		i++;
	}
	json_end_object(json);
}

static void
write_rows(struct json *json, const struct rows *rows)
{
	json_begin_array(json);
	for (size_t i = 0; i < rows->count; i++)
		write_row(json, rows, i);
	json_end_array(json);
}

static void
write_part(struct json *json, const struct format_part *part)
{
	if (part->is_single) {
		if (part->rows->count > 0)
			write_row(json, part->rows, 0);
		else
			json_null(json);
		return;
	}
	write_rows(json, part->rows);
}

static void
write_json(const struct format_document *document, FILE *out)
{
	struct json json;

	json_start(&json, out);
	if (!document->schema) {
		write_part(&json, &document->parts[document->count - 1]);
		return;
	}
	json_begin_object(&json);
	json_key(&json, "schema");
	json_string(&json, document->schema);
	for (size_t i = 0; i < document->count; i++) {
		json_key(&json, document->parts[i].name);
		write_part(&json, &document->parts[i]);
	}
	json_end_object(&json);
}

const struct format format_json = {
	.name = "json",
	.summary = "one JSON value, for programs",
	.write = write_json,
};
