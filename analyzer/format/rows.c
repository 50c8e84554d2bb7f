#include "analyzer/format/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/util/paths.h"
#include "analyzer/util/xalloc.h"

void
rows_init(struct rows *rows, const struct column *columns, size_t width)
{
	*rows = (struct rows){ .columns = columns, .width = width };
}

static void
cell_release(struct cell *cell)
{
	switch (cell->type) {
	case CELL_TEXT: free(cell->text); break;
	case CELL_LIST:
		for (size_t i = 0; i < cell->count; i++)
			free(cell->list[i]);
		free(cell->list);
		break;
	case CELL_ROWS:
		rows_release(cell->rows);
		free(cell->rows);
		break;
	case CELL_NULL:
	case CELL_INT:
	case CELL_REAL: break;
	}
	*cell = (struct cell){ .type = CELL_NULL };
}

void
rows_cut(struct rows *rows, size_t count)
{
	if (count >= rows->count)
		return;
	for (size_t i = count * rows->width; i < rows->count * rows->width; i++)
		cell_release(&rows->cells[i]);
	rows->count = count;
}

void
rows_release(struct rows *rows)
{
	rows_cut(rows, 0);
	free(rows->cells);
	*rows = (struct rows){ .columns = NULL };
}

struct cell *
rows_add(struct rows *rows)
{
	size_t used = rows->count * rows->width;
	struct cell *row;

	rows->cells = xgrow(rows->cells, &rows->cap, used + rows->width, sizeof(*rows->cells));
	row = rows->cells + used;
	memset(row, 0, rows->width * sizeof(*row));
	rows->count++;
	return row;
}

size_t
rows_column(const struct rows *rows, const char *name)
{
	for (size_t i = 0; i < rows->width; i++) {
		if (strcmp(rows->columns[i].name, name) == 0)
			return i;
	}
	abort(); /* a slip of the pen in a report */
}

const struct cell *
rows_at(const struct rows *rows, size_t row, const char *column)
{
	return &rows->cells[row * rows->width + rows_column(rows, column)];
}

int64_t
rows_int(const struct rows *rows, size_t row, const char *column)
{
	return cell_whole(rows_at(rows, row, column));
}

double
rows_real(const struct rows *rows, size_t row, const char *column)
{
	return cell_number(rows_at(rows, row, column));
}

const char *
rows_text(const struct rows *rows, size_t row, const char *column)
{
	const struct cell *cell = rows_at(rows, row, column);

	return cell->type == CELL_TEXT ? cell->text : "";
}

struct order {
	double key;
	size_t row;
};

static int
order_compare(const void *left, const void *right)
{
	const struct order *a = left;
	const struct order *b = right;

	if (a->key > b->key || a->key < b->key)
		return a->key > b->key ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

void
rows_sort(struct rows *rows, const char *column)
{
	size_t size = rows->width * sizeof(*rows->cells);
	struct order *order = xcalloc(rows->count + 1, sizeof(*order));
	struct cell *sorted = xcalloc(rows->count + 1, size);

	for (size_t i = 0; i < rows->count; i++) {
		double key = rows_real(rows, i, column);

		order[i] = (struct order){ isnan(key) ? 0 : key, i };
	}
	qsort(order, rows->count, sizeof(*order), order_compare);
	for (size_t i = 0; i < rows->count; i++)
		memcpy(sorted + i * rows->width, rows->cells + order[i].row * rows->width, size);
	free(rows->cells);
	rows->cells = sorted;
	rows->cap = (rows->count + 1) * rows->width;
	free(order);
}

void
rows_show_paths(struct rows *rows, const char *column, const struct paths *paths)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct cell *cell = &rows->cells[i * rows->width + rows_column(rows, column)];
		char *shown;

		if (cell->type != CELL_TEXT)
			continue;
		shown = paths_shown(paths, cell->text);
		free(cell->text);
		cell->text = shown;
	}
}

void
cell_set_int(struct cell *cell, int64_t value)
{
	cell_release(cell);
	cell->type = CELL_INT;
	cell->integer = value;
}

void
cell_set_real(struct cell *cell, double value)
{
	cell_release(cell);
	cell->type = CELL_REAL;
	cell->real = value;
}

void
cell_set_text(struct cell *cell, const char *value)
{
	cell_release(cell);
	cell->type = CELL_TEXT;
	cell->text = xstrdup(value);
}

void
cell_append(struct cell *cell, const char *value)
{
	size_t cap;

	if (cell->type != CELL_LIST)
		cell_release(cell);
	cell->type = CELL_LIST;
	if (cell->count == UINT32_MAX)
		return; /* no reader takes as many */
	if ((cell->count & (cell->count - 1)) == 0) {
		cap = cell->count ? cell->count * 2 : 1;
		cell->list = xreallocarray(cell->list, cap, sizeof(*cell->list));
	}
	cell->list[cell->count++] = xstrdup(value);
}

struct rows *
cell_set_rows(struct cell *cell, const struct column *columns, size_t width)
{
	cell_release(cell);
	cell->type = CELL_ROWS;
	cell->rows = xcalloc(1, sizeof(*cell->rows));
	rows_init(cell->rows, columns, width);
	return cell->rows;
}

double
cell_number(const struct cell *cell)
{
	if (cell->type == CELL_INT)
		return (double)cell->integer;
	return cell->type == CELL_REAL ? cell->real : 0;
}

int64_t
cell_whole(const struct cell *cell)
{
	if (cell->type != CELL_REAL)
		return cell->type == CELL_INT ? cell->integer : 0;
	if (cell->real >= 9e18)
		return INT64_MAX;
	return cell->real > -9e18 ? (int64_t)llround(cell->real) : INT64_MIN;
}
