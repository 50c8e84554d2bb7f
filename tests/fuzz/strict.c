#include "tests/fuzz/strict.h"

#include <ctype.h>
#include <string.h>

#include "analyzer/util/strbuf.h"
#include "analyzer/util/utf8.h"
#include "tests/fuzz/fuzz.h"

enum { STRICT_DEPTH = 64, STRICT_NAME = 32 };

/* ---- text ---- */

static bool
strict_acts(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) ||
	    (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
	    (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

void
strict_text(const char *text, size_t len, bool harmless, bool lines)
{
	uint32_t point;
	size_t step;

	for (; len > 0; text += step, len -= step) {
		step = utf8_decode(text, len, &point);
		FUZZ_CHECK(step > 0);
		if (lines && (point == '\n' || (point == '\r' && len > 1 && text[1] == '\n')))
			continue;
		FUZZ_CHECK(!harmless || !strict_acts(point));
	}
}

/* ---- JSON ---- */

static unsigned
strict_hex(const char *at)
{
	char digits[5] = { at[0], at[1], at[2], at[3], '\0' };
	char *end;
	unsigned long value = strtoul(digits, &end, 16);

	FUZZ_CHECK(end == digits + 4 && isxdigit((unsigned char)digits[0]));
	return (unsigned)value;
}

static void
strict_put(struct strbuf *to, uint32_t point)
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

void
strict_json_string(const char **at, struct strbuf *to)
{
	static const char codes[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *found;
	uint32_t point;

	strbuf_adds(to, "");
	for (; **at != '"'; ++*at) {
		const char *from = *at;

		while (**at >= 0x20 && **at < 0x7f && **at != '<' && **at != '\\' && **at != '"')
			++*at;
		strbuf_add(to, from, (size_t)(*at - from));
		if (**at == '"')
			break;
		FUZZ_CHECK(**at == '\\');
		++*at;
		found = **at != '\0' ? strchr(codes, **at) : NULL;
		if (found != NULL) {
			strbuf_add(to, &means[found - codes], 1);
			continue;
		}
		FUZZ_CHECK(**at == 'u');
		point = strict_hex(*at + 1);
		*at += 4;
		FUZZ_CHECK(point < 0xdc00 || point >= 0xe000);
		if (point >= 0xd800 && point < 0xdc00) {
			FUZZ_CHECK((*at)[1] == '\\' && (*at)[2] == 'u');
			point = 0x10000 + ((point - 0xd800) << 10) + strict_hex(*at + 3) - 0xdc00;
			*at += 6;
		}
		strict_put(to, point);
	}
	++*at;
}

static void
strict_json_space(const char **at)
{
	*at += strspn(*at, " \t\r\n");
}

/* A string, number or word. */
static void
strict_json_scalar(const char **at)
{
	static const char *const words[] = { "true", "false", "null" };
	struct strbuf text = { 0 };
	char *end;

	if (**at == '"') {
		++*at;
		strict_json_string(at, &text);
		strbuf_release(&text);
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		if (strncmp(*at, words[i], strlen(words[i])) == 0) {
			*at += strlen(words[i]);
			return;
		}
	}
	FUZZ_CHECK(
	    isdigit((unsigned char)**at) || (**at == '-' && isdigit((unsigned char)(*at)[1])));
	(void)strtod(*at, &end);
	FUZZ_CHECK(end == *at + strspn(*at, "+-0123456789.eE"));
	*at = end;
}

/* A member's name and its colon. */
static void
strict_json_key(const char **at)
{
	FUZZ_CHECK(**at == '"');
	strict_json_scalar(at);
	strict_json_space(at);
	FUZZ_CHECK(*(*at)++ == ':');
	strict_json_space(at);
}

/* Behind a value: what is open ends, or has more. False: nothing is open. */
static bool
strict_json_after(const char **at, const char *open, size_t *depth)
{
	for (;;) {
		strict_json_space(at);
		if (*depth == 0)
			return false;
		if (**at == ',') {
			++*at;
			strict_json_space(at);
			if (open[*depth - 1] == '{')
				strict_json_key(at);
			return true;
		}
		FUZZ_CHECK(**at == (open[*depth - 1] == '{' ? '}' : ']'));
		++*at;
		--*depth;
	}
}

void
strict_json(const char *text)
{
	const char *at = text;
	char open[STRICT_DEPTH];
	size_t depth = 0;

	strict_json_space(&at);
	do {
		while (*at == '{' || *at == '[') {
			FUZZ_CHECK(depth < STRICT_DEPTH);
			open[depth++] = *at++;
			strict_json_space(&at);
			if (*at == (open[depth - 1] == '{' ? '}' : ']'))
				break;
			if (open[depth - 1] == '{')
				strict_json_key(&at);
		}
		if (depth == 0 || *at != (open[depth - 1] == '{' ? '}' : ']'))
			strict_json_scalar(&at);
	} while (strict_json_after(&at, open, &depth));
	FUZZ_CHECK(*at == '\0');
}

/* ---- XML ---- */

/* What the reference at `at` stands for; *at goes behind it. */
static char
strict_xml_entity(const char **at)
{
	static const struct {
		const char *name;
		char means;
	} known[] = { { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' }, { "&quot;", '"' },
		{ "&#39;", '\'' } };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strncmp(*at, known[i].name, strlen(known[i].name)) == 0) {
			*at += strlen(known[i].name);
			return known[i].means;
		}
	}
	FUZZ_CHECK(!"a reference that is known");
	return '\0';
}

void
strict_xml_text(const char *text, char end, struct strbuf *to)
{
	char one;

	strbuf_adds(to, "");
	while (*text != end) {
		FUZZ_CHECK(*text != '\0' && *text != '<');
		FUZZ_CHECK(strncmp(text, "]]>", 3) != 0);
		one = *text == '&' ? strict_xml_entity(&text) : *text++;
		strbuf_add(to, &one, 1);
	}
}

static void
strict_xml_name(const char **at, char *name)
{
	size_t len = strspn(*at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-:");

	FUZZ_CHECK(len > 0 && len < STRICT_NAME);
	memcpy(name, *at, len);
	name[len] = '\0';
	*at += len;
}

static void
strict_xml_attributes(const char **at)
{
	struct strbuf value = { 0 };
	char name[STRICT_NAME];

	while (**at == ' ') {
		++*at;
		strict_xml_name(at, name);
		FUZZ_CHECK(strncasecmp(name, "on", 2) != 0 && strcasecmp(name, "href") != 0);
		FUZZ_CHECK((*at)[0] == '=' && (*at)[1] == '"');
		*at += 2;
		strbuf_clear(&value);
		strict_xml_text(*at, '"', &value);
		*at = strchr(*at, '"') + 1;
	}
	strbuf_release(&value);
}

static bool
strict_xml_is_known(const char *name)
{
	static const char *const known[] = { "svg", "style", "rect", "text", "g", "title",
		"foreignObject", "input", "script" };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i], name) == 0)
			return true;
	return false;
}

/* Behind the section of plain text that begins here. */
static const char *
strict_xml_after(const char *section)
{
	const char *end = strstr(section, "]]>");

	FUZZ_CHECK(end != NULL);
	return end + 3;
}

/* Our own script and styles have tabs; names stand outside of them. */
static void
strict_xml_characters(const char *text)
{
	const char *section;

	while ((section = strstr(text, "<![CDATA[")) != NULL) {
		strict_text(text, (size_t)(section - text), true, true);
		text = strict_xml_after(section);
	}
	strict_text(text, strlen(text), true, true);
}

/* From a < on, behind its >. */
static void
strict_xml_tag(const char **at, char open[][STRICT_NAME], size_t *depth, unsigned *scripts)
{
	char name[STRICT_NAME];

	if (strncmp(*at, "<![CDATA[", 9) == 0) {
		FUZZ_CHECK(*depth > 0);
		*at = strict_xml_after(*at);
		return;
	}
	if ((*at)[1] == '/') {
		*at += 2;
		strict_xml_name(at, name);
		FUZZ_CHECK(*depth > 0 && strcmp(open[--*depth], name) == 0);
		FUZZ_CHECK(*(*at)++ == '>');
		return;
	}
	++*at;
	strict_xml_name(at, name);
	FUZZ_CHECK(strict_xml_is_known(name) && *depth < STRICT_DEPTH);
	*scripts += strcmp(name, "script") == 0;
	memcpy(open[*depth], name, STRICT_NAME);
	strict_xml_attributes(at);
	*depth += **at != '/';
	*at += **at == '/';
	FUZZ_CHECK(*(*at)++ == '>');
}

void
strict_xml(const char *text)
{
	static const char head[] =
	    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
	char open[STRICT_DEPTH][STRICT_NAME];
	unsigned scripts = 0;
	size_t depth = 0;
	bool ended = false;

	FUZZ_CHECK(strncmp(text, head, strlen(head)) == 0);
	strict_xml_characters(text);
	for (text += strlen(head); *text != '\0';) {
		FUZZ_CHECK(!ended || *text == '\n');
		if (*text == '<') {
			strict_xml_tag(&text, open, &depth, &scripts);
			ended = depth == 0;
		} else if (*text == '&') {
			(void)strict_xml_entity(&text);
		} else {
			FUZZ_CHECK(strncmp(text, "]]>", 3) != 0);
			FUZZ_CHECK(depth > 0 || *text == '\n');
			text++;
		}
	}
	FUZZ_CHECK(ended && scripts == 1);
}

/* ---- CSV ---- */

void
strict_csv(const char *text)
{
	size_t cells = 1, first = 0;
	bool quoted = false;

	for (; *text != '\0'; text++) {
		FUZZ_CHECK((unsigned char)*text >= 0x20 || !quoted);
		FUZZ_CHECK(*text != '\r' || text[1] == '\n');
		if (*text == '"')
			quoted = !quoted;
		else if (!quoted && *text == ',')
			cells++;
		else if (!quoted && *text == '\n') {
			FUZZ_CHECK(first == 0 || cells == first);
			first = cells;
			cells = 1;
		}
	}
	FUZZ_CHECK(!quoted && cells == 1);
}
