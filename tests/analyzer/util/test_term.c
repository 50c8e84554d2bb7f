#include "analyzer/util/term.h"

#include <stdlib.h>

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
	return check_done();
}
