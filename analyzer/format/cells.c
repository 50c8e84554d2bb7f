#include "analyzer/format/cells.h"

#include <string.h>

#include "analyzer/format/rows.h"
#include "analyzer/util/json.h"

static void
cells_list(struct json *json, const struct cell *cell)
{
	struct cell_texts texts = cell_texts_of(cell);
	const char *text;

	json_begin_array(json);
	while ((text = cell_texts_next(&texts)))
		json_string(json, text);
	json_end_array(json);
}

static void
cells_number(struct json *json, const struct cell *cell, enum column_kind kind)
{
	if (kind == COLUMN_BOOL)
		json_bool(json, cell_whole(cell) != 0);
	else if (column_is_real(kind) && cell->type == CELL_REAL)
		json_double(json, cell->real);
	else
		json_int(json, cell_whole(cell));
}

void
cells_write_cell(struct json *json, const struct cell *cell, enum column_kind kind)
{
	switch (cell->type) {
	case CELL_INT:
	case CELL_REAL: cells_number(json, cell, kind); return;
	case CELL_TEXT: json_string(json, cell->text); return;
	case CELL_LIST:
	case CELL_CHAIN: cells_list(json, cell); return;
	case CELL_ROWS: cells_write_rows(json, cell->rows); return;
	case CELL_NULL: break;
	}
	if (kind == COLUMN_LIST || kind == COLUMN_STACK || kind == COLUMN_ROWS)
		cells_list(json, cell);
	else
		json_null(json);
}

/* Columns from `at` on that are members of the same object; 0: it is in none. */
static size_t
cells_group(const struct rows *rows, size_t at)
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
cells_write_group(
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
		cells_write_cell(json, &cells[i], rows->columns[i].kind);
	}
	json_end_object(json);
}

void
cells_write_row(struct json *json, const struct rows *rows, size_t row)
{
	const struct cell *cells = rows->cells + row * rows->width;

	json_begin_object(json);
	for (size_t i = 0; i < rows->width;) {
		size_t group = cells_group(rows, i);

		if (group > 0) {
			cells_write_group(json, rows, cells, i, group);
			i += group;
			continue;
		}
		if (rows->columns[i].name[0] != '.') {
			json_key(json, rows->columns[i].name);
			cells_write_cell(json, &cells[i], rows->columns[i].kind);
		}
		i++;
	}
	json_end_object(json);
}

void
cells_write_rows(struct json *json, const struct rows *rows)
{
	json_begin_array(json);
	for (size_t i = 0; i < rows->count; i++)
		cells_write_row(json, rows, i);
	json_end_array(json);
}

void
cells_write_part(struct json *json, const struct rows *rows, bool is_single)
{
	if (!is_single)
		cells_write_rows(json, rows);
	else if (rows->count > 0)
		cells_write_row(json, rows, 0);
	else
		json_null(json);
}
