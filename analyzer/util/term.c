#include "analyzer/util/term.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "analyzer/util/strbuf.h"
#include "analyzer/util/utf8.h"

int
term_color_parse(const char *text, enum term_color *color)
{
	static const char *const words[] = { "auto", "always", "never" };
	unsigned i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) != 0)
			continue;
		*color = (enum term_color)i;
		return 0;
	}
	return -1;
}

bool
term_color_wanted(FILE *out, enum term_color color)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (color != TERM_COLOR_AUTO)
		return color == TERM_COLOR_ALWAYS;
	if (no != NULL && no[0] != '\0')
		return false;
	if (term == NULL || strcmp(term, "dumb") == 0)
		return false;
	return isatty(fileno(out)) == 1;
}

unsigned
term_columns(FILE *out, unsigned other)
{
	struct winsize size;

	if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return other;
	return size.ws_col;
}

static bool
term_unsafe(uint32_t point)
{
	static const struct {
		uint32_t first;
		uint32_t last;
	} ranges[] = {
		{ 0, 0x1f },
		{ 0x7f, 0x9f },
		{ 0xad, 0xad },
		{ 0x34f, 0x34f },
		{ 0x61c, 0x61c },
		{ 0x115f, 0x1160 },
		{ 0x17b4, 0x17b5 },
		{ 0x180b, 0x180f },
		{ 0x200b, 0x200f },
		{ 0x2028, 0x202e },
		{ 0x2060, 0x206f },
		{ 0x3164, 0x3164 },
		{ 0xfdd0, 0xfdef },
		{ 0xfe00, 0xfe0f },
		{ 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 },
		{ 0xfff0, 0xfffb },
		{ 0xfffe, 0xffff },
		{ 0x1bca0, 0x1bca3 },
		{ 0x1d173, 0x1d17a },
		{ 0xe0000, 0xe0fff },
	};
	size_t i;

	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (point >= ranges[i].first && point <= ranges[i].last)
			return true;
	return false;
}

/* How many bytes of ASCII stand there that are shown as they are: most are. */
static size_t
term_plain(const char *text, size_t len)
{
	size_t count = 0;

	while (count < len && text[count] >= 0x20 && text[count] < 0x7f)
		count++;
	return count;
}

void
term_escape(struct strbuf *to, const char *text, size_t len)
{
	uint32_t point;
	size_t took;

	strbuf_add(to, "", 0);
	while (len > 0) {
		took = term_plain(text, len);
		if (took > 0) {
			strbuf_add(to, text, took);
			text += took;
			len -= took;
			continue;
		}
		took = utf8_decode(text, len, &point);
		if (took == 0) {
			took = 1;
			strbuf_addf(to, "\\x%02x", (unsigned char)*text);
		} else if (!term_unsafe(point)) {
			strbuf_add(to, text, took);
		} else if (point < 0x80) {
			strbuf_addf(to, "\\x%02" PRIx32, point);
		} else {
			strbuf_addf(to, "\\u{%" PRIx32 "}", point);
		}
		text += took;
		len -= took;
	}
}

void
term_puts(FILE *out, const char *text)
{
	struct strbuf safe = { 0 };

	term_escape(&safe, text, strlen(text));
	fputs(safe.text, out);
	strbuf_release(&safe);
}
