#include "analyzer/format/rows.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/util/paths.h"
#include "analyzer/util/xalloc.h"

bool
column_is_real(enum column_kind kind)
{
	return kind == COLUMN_REAL || kind == COLUMN_SHARE;
}

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
	case CELL_REAL:
	case CELL_CHAIN: break;
	}
	*cell = (struct cell){ .type = CELL_NULL };
}

struct rows_block {
	struct rows_block *next;
	size_t used;
	size_t size;
	_Alignas(max_align_t) unsigned char bytes[];
};

void *
rows_keep(struct rows *rows, size_t size)
{
	enum { BLOCK = 32 << 10 };
	struct rows_block *block = rows->blocks;
	size_t rounded =
	    (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	void *found;

	if (!block || block->size - block->used < rounded) {
		size_t room = rounded > BLOCK ? rounded : BLOCK;

		block = xcalloc(1, sizeof(*block) + room);
		block->size = room;
		block->next = rows->blocks;
		rows->blocks = block;
	}
	found = block->bytes + block->used;
	block->used += rounded;
	return found;
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
	while (rows->blocks) {
		struct rows_block *block = rows->blocks;

		rows->blocks = block->next;
		free(block);
	}
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
	/* there are sixty, and some are asked for in each of many rows: one text is mostly one
	 * place, whoever has it, since the linker merges them */
	for (size_t i = 0; i < rows->width; i++)
		if (rows->columns[i].name == name)
			return i;
	for (size_t i = 0; i < rows->width; i++) {
		const char *one = rows->columns[i].name;

		if (*one == *name && strcmp(one, name) == 0)
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

/* The rows in the order of their numbers in `order`, which is used up: in place, along the
 * circles that they move in, since there may be many. */
static void
rows_permute(struct rows *rows, size_t *order)
{
	size_t size = rows->width * sizeof(*rows->cells);
	struct cell *first = xmalloc(size + 1);

	for (size_t begin = 0; begin < rows->count; begin++) {
		size_t at = begin;

		if (order[begin] == begin)
			continue;
		memcpy(first, rows->cells + begin * rows->width, size);
		while (order[at] != begin) {
			size_t next = order[at];

			memcpy(
			    rows->cells + at * rows->width, rows->cells + next * rows->width, size);
			order[at] = at;
			at = next;
		}
		memcpy(rows->cells + at * rows->width, first, size);
		order[at] = at;
	}
	free(first);
}

struct sorting {
	const struct rows *rows;
	const double *keys[2]; /* a row; largest first */
	size_t ties[ROWS_TIES];
	size_t tie_count;
};

static int
cells_compare(const struct cell *a, const struct cell *b)
{
	if (a->type == CELL_TEXT && b->type == CELL_TEXT)
		return strcmp(a->text, b->text);
	return (cell_number(a) > cell_number(b)) - (cell_number(a) < cell_number(b));
}

static int
sorting_compare(const void *left, const void *right, void *data)
{
	const struct sorting *sorting = data;
	const struct rows *rows = sorting->rows;
	size_t a = *(const size_t *)left;
	size_t b = *(const size_t *)right;
	int order = 0;

	for (size_t i = 0; i < 2; i++) {
		const double *keys = sorting->keys[i];

		if (keys[a] > keys[b] || keys[a] < keys[b])
			return keys[a] > keys[b] ? -1 : 1;
	}
	for (size_t i = 0; order == 0 && i < sorting->tie_count; i++)
		order = cells_compare(&rows->cells[a * rows->width + sorting->ties[i]],
		    &rows->cells[b * rows->width + sorting->ties[i]]);
	return order != 0 ? order : (a > b) - (a < b);
}

/* Of the column a number a row. */
static double *
sorting_keys(const struct rows *rows, const char *column)
{
	double *keys = xcalloc(rows->count + 1, sizeof(*keys));
	size_t at = rows_column(rows, column);

	for (size_t i = 0; i < rows->count; i++) {
		double key = cell_number(&rows->cells[i * rows->width + at]);

		keys[i] = isnan(key) ? 0 : key;
	}
	return keys;
}

void
rows_sort_ties(struct rows *rows, const char *column, const char *second, const char *const *ties,
    size_t count)
{
	struct sorting sorting = { .rows = rows };
	size_t *order = xcalloc(rows->count + 1, sizeof(*order));
	double *keys = sorting_keys(rows, column), *others = sorting_keys(rows, second);

	for (; ties && sorting.tie_count < count && sorting.tie_count < ROWS_TIES;
	     sorting.tie_count++)
		sorting.ties[sorting.tie_count] = rows_column(rows, ties[sorting.tie_count]);
	for (size_t i = 0; i < rows->count; i++)
		order[i] = i;
	sorting.keys[0] = keys;
	sorting.keys[1] = others;
	qsort_r(order, rows->count, sizeof(*order), sorting_compare, &sorting);
	rows_permute(rows, order);
	free(keys);
	free(others);
	free(order);
}

void
rows_sort(struct rows *rows, const char *column)
{
	rows_sort_ties(rows, column, column, NULL, 0);
}

void
rows_show_paths(struct rows *rows, const char *column, const struct paths *paths)
{
	size_t at = rows->count > 0 ? rows_column(rows, column) : 0;

	for (size_t i = 0; i < rows->count; i++) {
		struct cell *cell = &rows->cells[i * rows->width + at];
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

void
cell_set_chain(struct cell *cell, const struct cell_link *chain, uint32_t count)
{
	cell_release(cell);
	cell->type = CELL_CHAIN;
	cell->chain = chain;
	cell->count = count;
}

struct cell_texts
cell_texts_of(const struct cell *cell)
{
	return (struct cell_texts){ cell, cell->type == CELL_CHAIN ? cell->chain : NULL, 0 };
}

const char *
cell_texts_next(struct cell_texts *texts)
{
	const struct cell *cell = texts->cell;
	const char *text = NULL;

	if (texts->at == cell->count)
		return NULL;
	if (cell->type == CELL_LIST) {
		text = cell->list[texts->at];
	} else if (cell->type == CELL_CHAIN) {
		text = texts->link->text;
		texts->link = texts->link->next;
	}
	texts->at++;
	return text;
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
