#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/format/format.h"
#include "analyzer/format/rows.h"
#include "analyzer/util/show.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

enum { TEXT_CELL = 60 }; /* columns that one cell may take in a table */

static void
add_list(struct strbuf *buf, const struct cell *cell, enum column_kind kind)
{
	const char *between = kind == COLUMN_STACK ? " < " : " ";
	struct cell_texts texts = cell_texts_of(cell);
	struct strbuf all = { 0 };
	const char *text;

	strbuf_adds(&all, "");
	while (all.len <= TEXT_CELL && (text = cell_texts_next(&texts))) {
		strbuf_adds(&all, texts.at > 1 ? between : "");
		strbuf_adds(&all, text);
	}
	show_text(buf, all.text, TEXT_CELL);
	strbuf_release(&all);
}

/* A number that is no quantity. */
static void
add_plain(struct strbuf *buf, const struct cell *cell)
{
	double number = cell_number(cell);

	if (cell->type == CELL_REAL)
		strbuf_addf(buf,
		    fabs(number) < 1e15 && number >= floor(number) && number <= floor(number)
			? "%.0f"
			: "%.6g",
		    number);
	else
		strbuf_addf(buf, "%lld", (long long)cell->integer);
}

static void
add_number(struct strbuf *buf, const struct cell *cell, enum column_kind kind)
{
	double number = cell_number(cell);
	char shown[SHOW_SIZE];

	/* what stands in a database where more does not fit */
	if (cell->type == CELL_INT && cell->integer == INT64_MAX)
		strbuf_adds(buf, "at least ");
	if (kind == COLUMN_COUNT)
		strbuf_adds(buf, show_count(shown, number));
	else if (kind == COLUMN_BYTES)
		strbuf_adds(buf, show_bytes(shown, number));
	else if (kind == COLUMN_NS)
		strbuf_adds(buf, show_ns(shown, number));
	else if (kind == COLUMN_SHARE)
		strbuf_adds(buf, show_share(shown, number, 1));
	else if (kind == COLUMN_LINE && cell_whole(cell) == 0)
		strbuf_adds(buf, "-");
	else if (kind == COLUMN_BOOL)
		strbuf_adds(buf, cell_whole(cell) ? "yes" : "no");
	else
		add_plain(buf, cell);
}

/* Adds a cell; returns its columns. */
static size_t
add_cell(struct strbuf *buf, const struct cell *cell, enum column_kind kind)
{
	size_t before = buf->len;

	switch (cell->type) {
	case CELL_NULL: strbuf_adds(buf, "-"); break;
	case CELL_INT:
	case CELL_REAL: add_number(buf, cell, kind); break;
	case CELL_TEXT:
		if (kind == COLUMN_PATH)
			return show_tail(buf, cell->text, TEXT_CELL);
		return show_text(buf, cell->text, TEXT_CELL);
	case CELL_LIST:
	case CELL_CHAIN: add_list(buf, cell, kind); break;
	case CELL_ROWS: break;
	}
	return buf->len - before;
}

static bool
column_is_number(const struct column *column)
{
	return column->kind != COLUMN_TEXT && column->kind != COLUMN_PATH &&
	    column->kind != COLUMN_LIST && column->kind != COLUMN_STACK;
}

static void
measure(const struct rows *rows, size_t *widths)
{
	struct strbuf buf = { 0 };

	for (size_t i = 0; i < rows->width; i++) {
		const struct column *column = &rows->columns[i];

		strbuf_clear(&buf);
		if (column->title)
			widths[i] = show_text(&buf, column->title, TEXT_CELL);
	}
	for (size_t i = 0; i < rows->count * rows->width; i++) {
		size_t at = i % rows->width;
		size_t width;

		strbuf_clear(&buf);
		width = add_cell(&buf, &rows->cells[i], rows->columns[at].kind);
		if (width > widths[at])
			widths[at] = width;
	}
	strbuf_release(&buf);
}

static void
pad(FILE *out, size_t count)
{
	fprintf(out, "%*s", (int)count, "");
}

static void
write_row(const struct rows *rows, const size_t *widths, const struct cell *row, FILE *out)
{
	struct strbuf buf = { 0 };
	size_t owed = 0; /* blanks, written once something follows */

	for (size_t i = 0; i < rows->width; i++) {
		const struct column *column = &rows->columns[i];
		size_t used;

		if (!column->title)
			continue;
		strbuf_clear(&buf);
		strbuf_adds(&buf, "");
		used = row ? add_cell(&buf, &row[i], column->kind)
			   : show_text(&buf, column->title, TEXT_CELL);
		if (used == 0) {
			owed += widths[i] + 2;
			continue;
		}
		pad(out, owed);
		if (column_is_number(column))
			pad(out, widths[i] - used);
		fputs(buf.text, out);
		owed = 2 + (column_is_number(column) ? 0 : widths[i] - used);
	}
	fputc('\n', out);
	strbuf_release(&buf);
}

/* What was rounded for the reader, whole. */
static void
add_exact(struct strbuf *buf, const struct cell *cell, enum column_kind kind)
{
	int64_t whole = cell_whole(cell);

	if ((kind == COLUMN_COUNT && whole > 9999) || (kind == COLUMN_BYTES && whole > 1023) ||
	    (kind == COLUMN_NS && whole > 999))
		strbuf_addf(buf, " (%lld)", (long long)whole);
}

/* One row: a line a column. */
static void
write_single(const struct rows *rows, FILE *out)
{
	struct strbuf buf = { 0 };
	size_t widest = 0;

	for (size_t i = 0; i < rows->width; i++) {
		const char *title = rows->columns[i].title;

		if (title && strlen(title) > widest)
			widest = strlen(title);
	}
	for (size_t i = 0; rows->count > 0 && i < rows->width; i++) {
		if (!rows->columns[i].title)
			continue;
		strbuf_clear(&buf);
		strbuf_adds(&buf, "");
		add_cell(&buf, &rows->cells[i], rows->columns[i].kind);
		add_exact(&buf, &rows->cells[i], rows->columns[i].kind);
		fprintf(out, "%-*s%s\n", buf.len > 0 ? (int)widest + 2 : 0, rows->columns[i].title,
		    buf.text);
	}
	strbuf_release(&buf);
}

static void
write_table(const struct rows *rows, FILE *out)
{
	size_t *widths = xcalloc(rows->width + 1, sizeof(*widths));

	measure(rows, widths);
	write_row(rows, widths, NULL, out);
	for (size_t i = 0; i < rows->count; i++)
		write_row(rows, widths, rows->cells + i * rows->width, out);
	free(widths);
}

static void
write_text(const struct format_document *document, FILE *out)
{
	for (size_t i = 0; i < document->count; i++) {
		if (i > 0)
			fputc('\n', out);
		if (document->parts[i].is_single)
			write_single(document->parts[i].rows, out);
		else
			write_table(document->parts[i].rows, out);
	}
}

const struct format format_text = {
	.name = "text",
	.summary = "for people, on a terminal",
	.write = write_text,
};
