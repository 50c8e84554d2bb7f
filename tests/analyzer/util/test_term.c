#define _GNU_SOURCE
#include "analyzer/util/term.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "analyzer/util/strbuf.h"
#include "tests/lib/check.h"

static void
test_escape(const char *text, const char *want)
{
	struct strbuf got = { 0 };

	term_escape(&got, text, strlen(text));
	CHECK_STR(got.text, want);
	strbuf_release(&got);
}

static void
test_color(void)
{
	FILE *out = tmpfile();
	enum term_color color;

	CHECK(term_color_parse("never", &color) == 0);
	CHECK(color == TERM_COLOR_NEVER);
	CHECK(term_color_parse("always", &color) == 0);
	CHECK(term_color_wanted(out, color));
	CHECK(term_color_parse("", &color) == -1);
	CHECK(!term_color_wanted(out, TERM_COLOR_AUTO));
	CHECK(!term_color_wanted(out, TERM_COLOR_NEVER));
	CHECK_EQ(term_columns(out, 99), 99);
	(void)fclose(out);
}

/* A terminal, unless the user does not want colours, or it has none. */
static void
test_terminal(void)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY), fd;
	struct winsize size = { .ws_row = 10, .ws_col = 71 };
	FILE *out;

	CHECK(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	fd = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	out = fd >= 0 ? fdopen(fd, "w") : NULL;
	CHECK(out != NULL);
	if (out == NULL)
		return;
	CHECK(setenv("TERM", "xterm", 1) == 0 && unsetenv("NO_COLOR") == 0);
	CHECK(term_color_wanted(out, TERM_COLOR_AUTO));
	CHECK(setenv("NO_COLOR", "", 1) == 0);
	CHECK(term_color_wanted(out, TERM_COLOR_AUTO));
	CHECK(setenv("NO_COLOR", "1", 1) == 0);
	CHECK(!term_color_wanted(out, TERM_COLOR_AUTO));
	CHECK(term_color_wanted(out, TERM_COLOR_ALWAYS));
	CHECK(unsetenv("NO_COLOR") == 0 && setenv("TERM", "dumb", 1) == 0);
	CHECK(!term_color_wanted(out, TERM_COLOR_AUTO));
	CHECK(unsetenv("TERM") == 0);
	CHECK(!term_color_wanted(out, TERM_COLOR_AUTO));
	CHECK_EQ(term_columns(out, 99), 99);
	CHECK(ioctl(terminal, TIOCSWINSZ, &size) == 0);
	CHECK_EQ(term_columns(out, 99), 71);
	(void)fclose(out);
	(void)close(terminal);
}

static void
test_puts(void)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	term_puts(out, "a\x1b[1m\n");
	(void)fclose(out);
	CHECK_STR(text, "a\\x1b[1m\\x0a");
	free(text);
}

int
main(void)
{
	test_escape("", "");
	test_escape("std::vector<int>", "std::vector<int>");
	test_escape("\x1b]0;owned\x07", "\\x1b]0;owned\\x07");
	test_escape("a\nb\r\tc\x7f", "a\\x0ab\\x0d\\x09c\\x7f");
	test_escape("\xe2\x80\xae"
		    "abc",
	    "\\u{202e}abc");
	test_escape("\xc2\x9b", "\\u{9b}");
	test_escape("\xff\xc3\xa9", "\\xff\xc3\xa9");
	test_color();
	test_terminal();
	test_puts();
	return check_done();
}
