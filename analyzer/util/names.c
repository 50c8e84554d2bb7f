#include "analyzer/util/names.h"

#include <stdint.h>
#include <string.h>

#include "analyzer/util/strbuf.h"
#include "analyzer/util/utf8.h"

enum { NAMES_DIGITS = 6 }; /* of the largest code point */

/* A backslash that would read back as the beginning of an escape. */
static bool
names_is_mark(const char *text, size_t len)
{
	if (len < 2 || text[0] != '\\')
		return false;
	return text[1] == 'x' || (len > 2 && text[1] == 'u' && text[2] == '{');
}

bool
names_are_plain(const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		uint32_t point;
		size_t step = utf8_decode(text + at, len - at, &point);

		if (step == 0 || names_is_mark(text + at, len - at))
			return false;
		at += step;
	}
	return true;
}

void
names_escape(struct strbuf *to, const char *text, size_t len)
{
	strbuf_add(to, "", 0);
	for (size_t at = 0; at < len;) {
		uint32_t point;
		size_t step = utf8_decode(text + at, len - at, &point);

		if (step == 0 || names_is_mark(text + at, len - at)) {
			strbuf_addf(to, "\\x%02x", (unsigned char)text[at]);
			at++;
		} else {
			strbuf_add(to, text + at, step);
			at += step;
		}
	}
}

/* The number that hex digits make, and how many there are, at most `most`. */
static uint32_t
names_number(const char *text, size_t most, size_t *digits)
{
	static const char hex[] = "0123456789abcdef";
	uint32_t number = 0;

	for (*digits = 0; *digits < most && text[*digits] != '\0'; ++*digits) {
		const char *found = strchr(hex, text[*digits]);

		if (found == NULL)
			break;
		number = number << 4 | (uint32_t)(found - hex);
	}
	return number;
}

static void
names_add_point(struct strbuf *to, uint32_t point)
{
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t count = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	char bytes[4];

	for (size_t i = count; i-- > 1; point >>= 6)
		bytes[i] = (char)(0x80 | (point & 0x3f));
	bytes[0] = (char)(lead[count] | point);
	strbuf_add(to, bytes, count);
}

/* Adds what the escape at text stands for; returns its length, 0 where it is none. */
static size_t
names_undo(struct strbuf *to, const char *text)
{
	size_t digits;
	uint32_t number;
	char byte;

	if (text[1] == 'x') {
		number = names_number(text + 2, 2, &digits);
		byte = (char)number;
		if (digits != 2 || number == 0)
			return 0;
		strbuf_add(to, &byte, 1);
		return 4;
	}
	if (text[1] != 'u' || text[2] != '{')
		return 0;
	number = names_number(text + 3, NAMES_DIGITS, &digits);
	if (digits == 0 || text[3 + digits] != '}' || number == 0 || number > 0x10ffff ||
	    (number >= 0xd800 && number <= 0xdfff))
		return 0;
	names_add_point(to, number);
	return digits + 4;
}

void
names_restore(struct strbuf *to, const char *text)
{
	strbuf_add(to, "", 0);
	while (*text) {
		size_t plain = strcspn(text, "\\");
		size_t took;

		strbuf_add(to, text, plain);
		text += plain;
		if (*text == '\0')
			break;
		took = names_undo(to, text);
		if (took == 0)
			strbuf_add(to, text, 1);
		text += took ? took : 1;
	}
}

char *
names_escaped(const char *text)
{
	struct strbuf to = { 0 };

	names_escape(&to, text, strlen(text));
	return to.text;
}

char *
names_restored(const char *text)
{
	struct strbuf to = { 0 };

	names_restore(&to, text);
	return to.text;
}
