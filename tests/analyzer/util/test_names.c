/* Any bytes become harmless text, and the same bytes again. */
#include "analyzer/util/names.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/util/json.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"
#include "analyzer/util/utf8.h"
#include "tests/lib/check.h"
#include "tests/lib/draw.h"

enum { NAMES_ROUNDS = 60000, NAMES_LONGEST = 40 };

/* Bytes of any kind, but often what escapes are made of, and bits of UTF-8. */
static void
draw_name(struct strbuf *name)
{
	static const char *const pieces[] = { "\\", "\\x", "\\x5", "\\u{", "\\u{20", "}", "x5c",
		"x1b", "u{202e}", "\\x5cx1b", "\x1b[2J", "\xe2\x80\xae", "\xe2\x80", "\xc2\x9b",
		"\xef\xbf\xbe", "\xed\xa0\x80", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "\xc0\x80",
		";", "'", "\"", "=", " < ", "<&>", "%", "\n", "\xf3\xa0\x80\x81" };
	unsigned count = draw(NAMES_LONGEST);

	strbuf_clear(name);
	strbuf_adds(name, "");
	for (unsigned i = 0; i < count; i++) {
		char byte = (char)(1 + draw(255));

		if (draw(2))
			strbuf_adds(name, pieces[draw(sizeof(pieces) / sizeof(*pieces))]);
		else
			strbuf_add(name, &byte, 1);
	}
}

/* What the rule of the terminal is, told once more: by the blocks of Unicode. */
static bool
is_harmless(const char *text)
{
	for (size_t len = strlen(text), step; len > 0; text += step, len -= step) {
		uint32_t point;

		step = utf8_decode(text, len, &point);
		if (step == 0 || point < 0x20 || (point >= 0x7f && point <= 0x9f))
			return false;
		if ((point >= 0x200b && point <= 0x200f) || point == 0xfeff ||
		    (point >= 0x2028 && point <= 0x202e) || (point >= 0x2060 && point <= 0x2069))
			return false;
		if ((point & 0xfffe) == 0xfffe && point < 0x10000)
			return false;
	}
	return true;
}

static bool
is_utf8(const char *text)
{
	for (size_t len = strlen(text), step; len > 0; text += step, len -= step) {
		uint32_t point;

		step = utf8_decode(text, len, &point);
		if (step == 0)
			return false;
	}
	return true;
}

static void
test_law(const char *name, const char *want)
{
	char *escaped = names_escaped(name);
	char *restored = names_restored(escaped);

	CHECK_STR(escaped, want);
	CHECK_STR(restored, name);
	CHECK(names_are_plain(name, strlen(name)) == (strcmp(name, want) == 0));
	free(escaped);
	free(restored);
}

static void
test_restore(const char *text, const char *want)
{
	char *restored = names_restored(text);

	CHECK_STR(restored, want);
	free(restored);
}

/* The database, then the terminal. */
static void
test_round(const struct strbuf *name)
{
	char *escaped = names_escaped(name->text);
	struct strbuf shown = { 0 };
	char *back;

	CHECK(is_utf8(escaped));
	term_escape(&shown, escaped, strlen(escaped));
	CHECK(is_harmless(shown.text));
	back = names_restored(escaped);
	CHECK(strcmp(back, name->text) == 0);
	free(back);
	back = names_restored(shown.text);
	CHECK(strcmp(back, name->text) == 0);
	free(back);
	strbuf_release(&shown);
	free(escaped);
}

/* \uXXXX of JSON; surrogates come in pairs. */
static const char *
json_unit(const char *at, uint32_t *unit)
{
	char digits[5] = "";

	memcpy(digits, at, 4);
	*unit = (uint32_t)strtoul(digits, NULL, 16);
	return at + 4;
}

static void
json_add_point(struct strbuf *to, uint32_t point)
{
	char bytes[4] = { (char)point };
	size_t len = 1;

	if (point >= 0x80 && point < 0x800) {
		len = 2;
		bytes[0] = (char)(0xc0 | point >> 6);
	} else if (point >= 0x800 && point < 0x10000) {
		len = 3;
		bytes[0] = (char)(0xe0 | point >> 12);
	} else if (point >= 0x10000) {
		len = 4;
		bytes[0] = (char)(0xf0 | point >> 18);
	}
	for (size_t i = 1; i < len; i++)
		bytes[i] = (char)(0x80 | (point >> 6 * (len - 1 - i) & 0x3f));
	strbuf_add(to, bytes, len);
}

/* A reader of JSON strings that knows nothing of the writer. */
static void
json_read(struct strbuf *to, const char *at)
{
	static const char letters[] = "btnfr\"\\/";
	static const char values[] = "\b\t\n\f\r\"\\/";

	strbuf_adds(to, "");
	CHECK(*at++ == '"');
	while (*at && *at != '"') {
		uint32_t unit, low;

		CHECK(*at >= ' ' && *at <= '~' && !strchr("<>&", *at));
		if (*at != '\\') {
			strbuf_add(to, at++, 1);
			continue;
		}
		at++;
		if (*at != 'u') {
			CHECK(strchr(letters, *at) != NULL);
			strbuf_add(to, values + (strchr(letters, *at++) - letters), 1);
			continue;
		}
		at = json_unit(at + 1, &unit);
		if (unit >= 0xd800 && unit < 0xdc00) {
			CHECK(at[0] == '\\' && at[1] == 'u');
			at = json_unit(at + 2, &low);
			unit = 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
		}
		json_add_point(to, unit);
	}
	CHECK(*at == '"');
}

static void
test_json(const struct strbuf *name)
{
	char *escaped = names_escaped(name->text);
	struct strbuf read = { 0 };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct json json;
	char *back;

	json_start(&json, out);
	json_string(&json, escaped);
	fclose(out);
	json_read(&read, text);
	CHECK_STR(read.text, escaped);
	back = names_restored(read.text);
	CHECK(strcmp(back, name->text) == 0);
	free(back);
	free(text);
	free(escaped);
	strbuf_release(&read);
}

int
main(void)
{
	struct strbuf name = { 0 };

	test_law("", "");
	test_law("plain \\n \\u \xc3\xa9 \x1b", "plain \\n \\u \xc3\xa9 \x1b");
	test_law("\xff", "\\xff");
	test_law("\\xff", "\\x5cxff");
	test_law("\\u{41}", "\\x5cu{41}");
	test_law("\\\xff", "\\\\xff");
	test_law("\xed\xa0\x80\xc0\x80\xf0\x9f", "\\xed\\xa0\\x80\\xc0\\x80\\xf0\\x9f");
	test_restore("\\x1b\\u{202e}\\u{10ffff}", "\x1b\xe2\x80\xae\xf4\x8f\xbf\xbf");
	test_restore("\\x00\\xF0\\x1\\u{}\\u{d800}\\u{110000}\\u{0}\\",
	    "\\x00\\xF0\\x1\\u{}\\u{d800}\\u{110000}\\u{0}\\");
	for (int i = 0; i < NAMES_ROUNDS; i++) {
		draw_name(&name);
		test_round(&name);
		test_json(&name);
	}
	strbuf_release(&name);
	return check_done();
}
