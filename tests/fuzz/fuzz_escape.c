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
#include "analyzer/util/utf8.h"
#include "tests/fuzz/fuzz.h"

/* UTF-8 throughout; harmless: nothing that a terminal would not simply show. */
static void
escape_readable(const char *text, size_t len, bool harmless)
{
	uint32_t point;
	size_t step;

	for (; len > 0; text += step, len -= step) {
		step = utf8_decode(text, len, &point);
		FUZZ_CHECK(step > 0);
		if (!harmless)
			continue;
		FUZZ_CHECK(point >= 0x20 && !(point >= 0x7f && point < 0xa0));
		FUZZ_CHECK(!(point >= 0x200b && point <= 0x200f));
		FUZZ_CHECK(!(point >= 0x2028 && point <= 0x202e));
		FUZZ_CHECK(!(point >= 0x2066 && point <= 0x2069) && point != 0xfeff);
	}
}

static void
escape_back(const char *text, const char *name)
{
	struct strbuf back = { 0 };

	strbuf_adds(&back, "");
	names_restore(&back, text);
	FUZZ_CHECK(strcmp(back.text, name) == 0);
	strbuf_release(&back);
}

static unsigned
escape_hex(const char *at)
{
	char digits[5] = { at[0], at[1], at[2], at[3], '\0' };
	char *end;
	unsigned long value = strtoul(digits, &end, 16);

	FUZZ_CHECK(end == digits + 4);
	return (unsigned)value;
}

static void
escape_put(struct strbuf *to, uint32_t point)
{
	char bytes[4] = { (char)point };
	size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4, i;
	static const uint8_t lead[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (i = len; len > 1 && i-- > 1; point >>= 6)
		bytes[i] = (char)(0x80 | (point & 0x3f));
	if (len > 1)
		bytes[0] = (char)(lead[len] | point);
	strbuf_add(to, bytes, len);
}

/* Reads a JSON string, ASCII and strict, from *at on, behind its quote. */
static void
escape_read_json(const char **at, struct strbuf *to)
{
	static const char codes[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *found;
	uint32_t point;

	strbuf_adds(to, "");
	for (; **at != '"'; ++*at) {
		FUZZ_CHECK(**at >= 0x20 && **at < 0x7f && **at != '<');
		if (**at != '\\') {
			strbuf_add(to, *at, 1);
			continue;
		}
		++*at;
		found = **at != '\0' ? strchr(codes, **at) : NULL;
		if (found != NULL) {
			strbuf_add(to, &means[found - codes], 1);
			continue;
		}
		FUZZ_CHECK(**at == 'u');
		point = escape_hex(*at + 1);
		*at += 4;
		if (point >= 0xd800 && point < 0xdc00) {
			FUZZ_CHECK((*at)[1] == '\\' && (*at)[2] == 'u');
			point = 0x10000 + ((point - 0xd800) << 10) + escape_hex(*at + 3) - 0xdc00;
			*at += 6;
		}
		escape_put(to, point);
	}
	++*at;
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
	escape_read_json(&at, &read);
	FUZZ_CHECK(strcmp(read.text, kept) == 0);
	strbuf_clear(&read);
	at = strchr(csv, '\n');
	FUZZ_CHECK(at != NULL);
	at++;
	escape_read_csv(&at, &read);
	FUZZ_CHECK(*at == '\n' || *at == '\r');
	escape_readable(read.text, strlen(read.text), true);
	escape_back_csv(read.text, name);
	strbuf_release(&read);
	free(json);
	free(csv);
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
	escape_readable(kept, strlen(kept), false);
	escape_back(kept, name);
	FUZZ_CHECK(names_are_plain(name, strlen(name)) == (strcmp(kept, name) == 0));
	strbuf_adds(&shown, "");
	term_escape(&shown, kept, strlen(kept));
	escape_readable(shown.text, shown.len, true);
	escape_back(shown.text, name);
	/* names that were never escaped, cut to a width */
	strbuf_clear(&shown);
	FUZZ_CHECK(show_text(&shown, name, columns) <= columns);
	strbuf_adds(&shown, "");
	escape_readable(shown.text, shown.len, true);
	strbuf_clear(&shown);
	FUZZ_CHECK(show_name(&shown, name, columns) <= columns);
	strbuf_clear(&shown);
	FUZZ_CHECK(show_tail(&shown, name, columns) <= columns);
	escape_formats(kept, name);
	strbuf_release(&shown);
	free(kept);
	free(name);
	return 0;
}
