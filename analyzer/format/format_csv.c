#include <string.h>

#include "analyzer/format/format.h"
#include "analyzer/format/rows.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/utf8.h"

/* Spreadsheets run a cell that begins so as a formula, also after a space. */
static bool
text_is_formula(const char *text)
{
	while (*text == ' ')
		text++;
	return *text != '\0' && strchr("=+-@\t\r\n|%", *text);
}

/* Always quoted; line ends and other controls would end or hide a cell. */
static void
write_text(const char *text, FILE *out)
{
	size_t len = strlen(text);
	size_t step;

	fputs(text_is_formula(text) ? "\"'" : "\"", out);
	for (size_t at = 0; at < len; at += step) {
		uint32_t code = 0;

		step = utf8_decode(text + at, len - at, &code);
		if (step == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0)) {
			fprintf(
			    out, "\\x%02x", step == 0 ? (unsigned char)text[at] : (unsigned)code);
			step = step == 0 ? 1 : step;
			continue;
		}
		if (code == '"')
			fputc('"', out);
		fwrite(text + at, 1, step, out);
	}
	fputc('"', out);
}

static void
write_list(const struct cell *cell, FILE *out)
{
	struct strbuf text = { 0 };

	strbuf_adds(&text, "");
	for (size_t i = 0; i < cell->count; i++) {
		strbuf_adds(&text, i ? " < " : "");
		strbuf_adds(&text, cell->list[i]);
	}
	write_text(text.text, out);
	strbuf_release(&text);
}

static void
write_cell(const struct cell *cell, enum column_kind kind, FILE *out)
{
	switch (cell->type) {
	case CELL_NULL: return;
	case CELL_INT: fprintf(out, "%lld", (long long)cell->integer); return;
	case CELL_REAL:
		if (kind == COLUMN_REAL)
			fprintf(out, "%.17g", cell->real);
		else
			fprintf(out, "%lld", (long long)cell_whole(cell));
		return;
	case CELL_TEXT: write_text(cell->text, out); return;
	case CELL_LIST: write_list(cell, out); return;
	case CELL_ROWS: return;
	}
}

/* One line: the names of the columns, or a row. */
static void
write_line(const struct rows *rows, const struct cell *row, FILE *out)
{
	const char *between = "";

	for (size_t i = 0; i < rows->width; i++) {
		if (rows->columns[i].name[0] == '.' || rows->columns[i].kind == COLUMN_ROWS)
			continue;
		fputs(between, out);
		between = ",";
		if (row)
			write_cell(&row[i], rows->columns[i].kind, out);
		else
			write_text(rows->columns[i].name, out);
	}
	fputs("\r\n", out);
}

static void
write_csv(const struct format_document *document, FILE *out)
{
	const struct rows *rows = document->parts[document->count - 1].rows;

	write_line(rows, NULL, out);
	for (size_t i = 0; i < rows->count; i++)
		write_line(rows, rows->cells + i * rows->width, out);
}

const struct format format_csv = {
	.name = "csv",
	.summary = "comma-separated values (RFC 4180), for spreadsheets",
	.write = write_csv,
};
