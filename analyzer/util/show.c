#include "analyzer/util/show.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"
#include "analyzer/util/utf8.h"

struct range {
	uint32_t first;
	uint32_t last;
};

static bool
range_holds(const struct range *ranges, size_t count, uint32_t code)
{
	for (size_t i = 0; i < count; i++) {
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	}
	return false;
}

/* Columns of a character. */
static size_t
code_width(uint32_t code)
{
	static const struct range wide[] = { { 0x1100, 0x115f }, { 0x2e80, 0x303e },
		{ 0x3041, 0xa4cf }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff }, { 0xfe30, 0xfe6f },
		{ 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f }, { 0x1f900, 0x1f9ff },
		{ 0x20000, 0x3fffd } };
	static const struct range none[] = { { 0x300, 0x36f }, { 0x483, 0x489 }, { 0x591, 0x5bd },
		{ 0x610, 0x61a }, { 0x64b, 0x65f }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },
		{ 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f } };

	if (code < 0x300)
		return 1;
	if (range_holds(none, sizeof(none) / sizeof(*none), code))
		return 0;
	return range_holds(wide, sizeof(wide) / sizeof(*wide), code) ? 2 : 1;
}

/* Adds the character at text, harmless; tells its bytes, returns its columns. */
static size_t
show_one(struct strbuf *buf, const char *text, size_t len, size_t *step)
{
	size_t before = buf->len;
	uint32_t code = 0;

	*step = utf8_decode(text, len, &code);
	if (*step == 0)
		*step = 1;
	term_escape(buf, text, *step);
	/* it was escaped, and is ASCII, unless it stands there as it was */
	if (buf->len - before == *step && *step > 1)
		return code_width(code);
	return buf->len - before;
}

size_t
show_text(struct strbuf *buf, const char *text, size_t columns)
{
	size_t len = strlen(text);
	size_t used = 0;
	size_t safe = buf->len; /* behind what leaves room for the mark */
	size_t safe_used = 0;

	for (size_t at = 0; at < len;) {
		size_t step;

		used += show_one(buf, text + at, len - at, &step);
		if (used > columns) {
			buf->len = safe;
			buf->text[safe] = '\0';
			if (columns == 0)
				return 0;
			strbuf_adds(buf, "~");
			return safe_used + 1;
		}
		at += step;
		if (used < columns) {
			safe = buf->len;
			safe_used = used;
		}
	}
	return used;
}

/* "libx.so.1+0x1d30": a place in a module, for a function without a name. */
static bool
name_is_place(const char *name)
{
	const char *offset = strrchr(name, '+');

	return offset && strncmp(offset, "+0x", 3) == 0 && offset[3] != '\0' &&
	    offset[3 + strspn(offset + 3, "0123456789abcdef")] == '\0';
}

size_t
show_name(struct strbuf *buf, const char *name, size_t columns)
{
	const char *rest = name;
	const char *next;

	if (name_is_place(name))
		return show_tail(buf, name, columns);

	/* escapes only make it longer, so the bytes that are too many are sure */
	while (strlen(rest) + (rest > name) > columns && (next = strstr(rest, "::")) != NULL &&
	    next[2] != '\0')
		rest = next + 2;
	if (rest == name || columns < 2)
		return show_text(buf, name, columns);
	strbuf_adds(buf, "~");
	return 1 + show_text(buf, rest, columns - 1);
}

size_t
show_tail(struct strbuf *buf, const char *text, size_t columns)
{
	struct strbuf whole = { 0 };
	size_t len = strlen(text);
	size_t total = 0;
	size_t at = 0;
	size_t step;

	while (at < len) {
		total += show_one(&whole, text + at, len - at, &step);
		at += step;
	}
	if (total <= columns) {
		strbuf_release(&whole);
		return show_text(buf, text, columns);
	}
	for (at = 0; at < len && total + 1 > columns; at += step) {
		strbuf_clear(&whole);
		total -= show_one(&whole, text + at, len - at, &step);
	}
	strbuf_release(&whole);
	if (columns == 0)
		return 0;
	strbuf_adds(buf, "~");
	return 1 + show_text(buf, text + at, columns - 1);
}

struct unit {
	double size;
	const char *name;
};

/* Three digits and a unit, from the largest that fits. */
static const char *
show_unit(char *buf, double value, const struct unit *units, size_t count)
{
	size_t at = 0;
	double scaled;

	while (at + 1 < count && value < units[at].size * 0.9995)
		at++;
	scaled = value / units[at].size;
	snprintf(buf, SHOW_SIZE, "%.*f%s",
	    units[at].size <= 1 || scaled >= 99.95 ? 0
		: scaled >= 9.995                  ? 1
						   : 2,
	    scaled > 1e15 ? 1e15 : scaled, units[at].name);
	return buf;
}

const char *
show_count(char buf[SHOW_SIZE], double count)
{
	static const struct unit units[] = { { 1e12, " T" }, { 1e9, " G" }, { 1e6, " M" },
		{ 1e3, " k" }, { 1, "" } };

	if (count < 9999.5) {
		snprintf(buf, SHOW_SIZE, "%.0f", count > 0 ? count : 0);
		return buf;
	}
	return show_unit(buf, count, units, sizeof(units) / sizeof(*units));
}

const char *
show_bytes(char buf[SHOW_SIZE], double bytes)
{
	static const struct unit units[] = { { 1099511627776.0, " TiB" }, { 1073741824.0, " GiB" },
		{ 1048576.0, " MiB" }, { 1024.0, " KiB" }, { 1, " B" } };

	return show_unit(buf, bytes > 0 ? bytes : 0, units, sizeof(units) / sizeof(*units));
}

const char *
show_ns(char buf[SHOW_SIZE], double ns)
{
	static const struct unit units[] = { { 3600e9, " h" }, { 60e9, " min" }, { 1e9, " s" },
		{ 1e6, " ms" }, { 1e3, " us" }, { 1, " ns" } };

	return show_unit(buf, ns > 0 ? ns : 0, units, sizeof(units) / sizeof(*units));
}

const char *
show_share(char buf[SHOW_SIZE], double part, double whole)
{
	double share = whole > 0 ? 100 * part / whole : 0;

	/* all and nothing are said only of all and nothing */
	if (share > 0 && share < 0.1)
		snprintf(buf, SHOW_SIZE, "<0.1%%");
	else if (share >= 99.5 && share < 100)
		snprintf(
		    buf, SHOW_SIZE, share < 99.9 ? "99.%d%%" : ">99.9%%", (int)((share - 99) * 10));
	else
		snprintf(buf, SHOW_SIZE, "%.*f%%", share > 0 && share < 9.95 ? 1 : 0,
		    share > 1e6 ? 1e6 : share);
	return buf;
}

bool
show_is_one(double count)
{
	return count > 0.5 && count < 1.5;
}

const char *
show_s(double count)
{
	return show_is_one(count) ? "" : "s";
}
