#include <string.h>

#include "analyzer/format/format.h"
#include "analyzer/format/rows.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"

/* Spreadsheets run a cell that begins so as a formula, also after a space. A ' is
 * put in front, also of what has one already, so that it can be taken away again. */
static bool
text_is_formula(const char *text)
{
	while (*text == ' ' || *text == '\'')
		text++;
	return *text != '\0' && strchr("=+-@\t\r\n|%", *text);
}

/* Always quoted; what would end or hide a cell is escaped as for a terminal. */
static void
write_text(const char *text, FILE *out)
{
	struct strbuf safe = { 0 };
	size_t run;

	fputs(text_is_formula(text) ? "\"'" : "\"", out);
	term_escape(&safe, text, strlen(text));
	for (const char *at = safe.text ? safe.text : ""; *at; at += run) {
		run = strcspn(at, "\"");
		fwrite(at, 1, run, out);
		/* two for one */
		if (run == 0)
			fputs("\"\"", out);
		run += run == 0;
	}
	fputc('"', out);
	strbuf_release(&safe);
}

/* A name in a list: nothing in it reads as what stands between two. */
static void
add_name(struct strbuf *text, const char *name)
{
	const char *at;

	/* nearly all have none, and a blank is in many */
	if (!strchr(name, '<')) {
		strbuf_adds(text, name);
		return;
	}
	while ((at = strstr(name, " <"))) {
		strbuf_add(text, name, (size_t)(at - name));
		strbuf_adds(text, at[2] == ' ' || at[2] == '\0' ? "\\x20" : " ");
		name = at + 1;
	}
	strbuf_adds(text, name);
}

static void
write_list(const struct cell *cell, FILE *out)
{
	struct cell_texts names = cell_texts_of(cell);
	struct strbuf text = { 0 };
	const char *name;

	strbuf_adds(&text, "");
	while ((name = cell_texts_next(&names))) {
		strbuf_adds(&text, names.at > 1 ? " < " : "");
		add_name(&text, name);
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
		if (column_is_real(kind))
			fprintf(out, "%.17g", cell->real);
		else
			fprintf(out, "%lld", (long long)cell_whole(cell));
		return;
	case CELL_TEXT: write_text(cell->text, out); return;
	case CELL_LIST:
	case CELL_CHAIN: write_list(cell, out); return;
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
