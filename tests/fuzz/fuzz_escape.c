/*
 * Any bytes as a name, through what the database holds and what terminals, JSON and CSV
 * show: each is what its readers can read, has nothing in it that acts, and gives the
 * bytes back.
 */
#include <string.h>

#include "analyzer/format/format.h"
#include "analyzer/format/rows.h"
#include "analyzer/util/json.h"
#include "analyzer/util/names.h"
#include "analyzer/util/show.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/strict.h"

static void
escape_back(const char *text, const char *name)
{
	struct strbuf back = { 0 };

	strbuf_adds(&back, "");
	names_restore(&back, text);
	FUZZ_CHECK(strcmp(back.text, name) == 0);
	strbuf_release(&back);
}

/* A cell of CSV, always quoted; no spreadsheet runs it. */
static void
escape_read_csv(const char **at, struct strbuf *to)
{
	strbuf_adds(to, "");
	FUZZ_CHECK(*(*at)++ == '"');
	for (;; ++*at) {
		FUZZ_CHECK(**at != '\0');
		if (**at == '"' && *++*at != '"')
			break;
		strbuf_add(to, *at, 1);
	}
	FUZZ_CHECK(to->text[0] == '\0' || strchr("=+-@\t\r|%", to->text[0]) == NULL);
}

/* The same of a cell: a ' before what would be a formula is not the name's. */
static void
escape_back_csv(const char *text, const char *name)
{
	struct strbuf back = { 0 };
	const char *from;

	strbuf_adds(&back, "");
	names_restore(&back, text);
	from = back.text + strspn(back.text, " '");
	if (back.text[0] == '\'' && *from != '\0' && strchr("=+-@\t\r\n|%", *from) != NULL)
		FUZZ_CHECK(strcmp(back.text + 1, name) == 0);
	else
		FUZZ_CHECK(strcmp(back.text, name) == 0);
	strbuf_release(&back);
}

/* One cell in a document of that format; the caller frees it. */
static char *
escape_write(const char *format, const char *text)
{
	static const struct column columns[] = { { "name", "Name", COLUMN_TEXT } };
	struct format_part part = { .name = "names" };
	struct format_document document = { .parts = &part, .count = 1 };
	struct rows rows;
	char *out = NULL;
	size_t len;
	FILE *file = open_memstream(&out, &len);

	FUZZ_CHECK(file != NULL);
	rows_init(&rows, columns, 1);
	cell_set_text(rows_add(&rows), text);
	part.rows = &rows;
	format_find(format)->write(&document, file);
	FUZZ_CHECK(fclose(file) == 0 && strlen(out) == len);
	rows_release(&rows);
	return out;
}

static void
escape_formats(const char *kept, const char *name)
{
	char *json = escape_write("json", kept), *csv = escape_write("csv", kept);
	const char *at = strstr(json, "\"name\": \"");
	struct strbuf read = { 0 };

	if (at == NULL)
		at = strstr(json, "\"name\":\"");
	FUZZ_CHECK(at != NULL);
	at = strchr(strchr(at, ':'), '"') + 1;
	strict_json_string(&at, &read);
	FUZZ_CHECK(strcmp(read.text, kept) == 0);
	strbuf_clear(&read);
	at = strchr(csv, '\n');
	FUZZ_CHECK(at != NULL);
	at++;
	escape_read_csv(&at, &read);
	FUZZ_CHECK(*at == '\n' || *at == '\r');
	strict_text(read.text, strlen(read.text), true, false);
	escape_back_csv(read.text, name);
	strbuf_release(&read);
	free(json);
	free(csv);
}

enum escape_column {
	ESCAPE_TEXT,
	ESCAPE_HIDDEN,
	ESCAPE_WHOLE,
	ESCAPE_FLAG,
	ESCAPE_SHARE,
	ESCAPE_ABSENT,
	ESCAPE_LIST,
	ESCAPE_STACK,
	ESCAPE_ROWS,
	ESCAPE_PATH,
	ESCAPE_COLUMNS,
};

/* Cells of all kinds; numbers are the first bytes of the name. */
static void
escape_fill(struct rows *rows, const char *text, const char *name)
{
	static const struct column columns[ESCAPE_COLUMNS] = {
		[ESCAPE_TEXT] = { "text", "Text", COLUMN_TEXT },
		[ESCAPE_HIDDEN] = { ".id", NULL, COLUMN_INT },
		[ESCAPE_WHOLE] = { "number.whole", "Whole", COLUMN_COUNT },
		[ESCAPE_FLAG] = { "number.flag", "Flag", COLUMN_BOOL },
		[ESCAPE_SHARE] = { "number.share", "Share", COLUMN_REAL },
		[ESCAPE_ABSENT] = { "absent.text", "Absent", COLUMN_TEXT },
		[ESCAPE_LIST] = { "list", "List", COLUMN_LIST },
		[ESCAPE_STACK] = { "stack", "Stack", COLUMN_STACK },
		[ESCAPE_ROWS] = { "rows", NULL, COLUMN_ROWS },
		[ESCAPE_PATH] = { "path", "Path", COLUMN_PATH },
	};
	int64_t whole = 0;
	double real = 0;
	struct cell *cells;

	memcpy(&whole, name, strnlen(name, sizeof(whole)));
	memcpy(&real, &whole, sizeof(real));
	rows_init(rows, columns, ESCAPE_COLUMNS);
	cells = rows_add(rows);
	cell_set_text(&cells[ESCAPE_TEXT], text);
	cell_set_int(&cells[ESCAPE_HIDDEN], whole);
	cell_set_int(&cells[ESCAPE_WHOLE], whole);
	cell_set_int(&cells[ESCAPE_FLAG], whole);
	cell_set_real(&cells[ESCAPE_SHARE], real);
	cell_append(&cells[ESCAPE_LIST], text);
	cell_append(&cells[ESCAPE_LIST], "last");
	cell_set_text(rows_add(cell_set_rows(&cells[ESCAPE_ROWS], columns, 1)), text);
	cell_set_text(&cells[ESCAPE_PATH], text);
	cell_set_real(&rows_add(rows)[ESCAPE_WHOLE], real);
}

static void
escape_tables(const char *text, const char *name)
{
	struct rows rows, none;
	const struct format_part parts[] = { { "one", &rows, true }, { "none", &none, true },
		{ "all", &rows, false } };
	const struct format_document document = { "esc-fuzz/1", parts, 3 };

	escape_fill(&rows, text, name);
	rows_init(&none, rows.columns, rows.width);
	for (size_t i = 0; format_at(i) != NULL; i++) {
		char *out = NULL;
		size_t len;
		FILE *file = open_memstream(&out, &len);

		FUZZ_CHECK(file != NULL);
		format_at(i)->write(&document, file);
		FUZZ_CHECK(fclose(file) == 0 && strlen(out) == len);
		strict_text(out, len, true, true);
		if (strcmp(format_at(i)->name, "json") == 0)
			strict_json(out);
		if (strcmp(format_at(i)->name, "csv") == 0)
			strict_csv(out);
		free(out);
	}
	rows_release(&rows);
	rows_release(&none);
}

/* What goes straight to a terminal is what is made for one. */
static void
escape_puts(const char *kept, const char *shown)
{
	char *out = NULL;
	size_t len;
	FILE *file = open_memstream(&out, &len);

	FUZZ_CHECK(file != NULL);
	term_puts(file, kept);
	FUZZ_CHECK(fclose(file) == 0 && strcmp(out, shown) == 0);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	size_t columns = fuzz_byte(&input);
	struct strbuf shown = { 0 };
	char *name = malloc(input.left + 1), *kept;

	FUZZ_CHECK(name != NULL);
	memcpy(name, input.at, input.left);
	name[input.left] = '\0';
	kept = names_escaped(name);
	strict_text(kept, strlen(kept), false, false);
	escape_back(kept, name);
	FUZZ_CHECK(names_are_plain(name, strlen(name)) == (strcmp(kept, name) == 0));
	strbuf_adds(&shown, "");
	term_escape(&shown, kept, strlen(kept));
	strict_text(shown.text, shown.len, true, false);
	escape_back(shown.text, name);
	escape_puts(kept, shown.text);
	/* names that were never escaped, cut to a width */
	strbuf_clear(&shown);
	FUZZ_CHECK(show_text(&shown, name, columns) <= columns);
	strbuf_adds(&shown, "");
	strict_text(shown.text, shown.len, true, false);
	strbuf_clear(&shown);
	FUZZ_CHECK(show_name(&shown, name, columns) <= columns);
	strbuf_clear(&shown);
	FUZZ_CHECK(show_tail(&shown, name, columns) <= columns);
	escape_formats(kept, name);
	escape_tables(kept, name);
	strbuf_release(&shown);
	free(kept);
	free(name);
	return 0;
}
