/* Patterns of suppressions against regular expressions that say the same, on random texts. */
#include <regex.h>
#include <stdbool.h>
#include <stdlib.h>

#include "analyzer/lint/suppressions.h"
#include "tests/lib/check.h"
#include "tests/lib/draw.h"

enum { ROUNDS = 100000, LENGTH = 7 };

static void
draw_text(char *text, const char *letters)
{
	size_t len = draw(LENGTH + 1);

	for (size_t i = 0; i < len; i++)
		text[i] = letters[draw((unsigned)strlen(letters))];
	text[len] = '\0';
}

/* The pattern as an extended expression: ^ in front, $ behind, * anywhere. */
static bool
is_found(const char *pattern, const char *text)
{
	char expression[4 * LENGTH + 1];
	size_t len = 0;
	regex_t regex;
	bool is;

	for (size_t i = 0; pattern[i]; i++) {
		bool is_anchor =
		    (pattern[i] == '^' && i == 0) || (pattern[i] == '$' && !pattern[i + 1]);

		if (pattern[i] == '*')
			expression[len++] = '.';
		else if (strchr("^$.", pattern[i]) && !is_anchor)
			expression[len++] = '\\';
		expression[len++] = pattern[i];
	}
	expression[len] = '\0';
	if (len == 0)
		return true;
	CHECK_EQ(regcomp(&regex, expression, REG_EXTENDED | REG_NOSUB), 0);
	is = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return is;
}

int
main(void)
{
	size_t found = 0;

	for (int round = 0; round < ROUNDS; round++) {
		char pattern[LENGTH + 1], text[LENGTH + 1];
		bool is;

		draw_text(pattern, "aab**^$.");
		draw_text(text, "aaab^$.");
		is = suppressions_find(pattern, text);
		found += is;
		if (is != is_found(pattern, text))
			fprintf(stderr, "\"%s\" in \"%s\": %d\n", pattern, text, is);
		CHECK(is == is_found(pattern, text));
	}
	CHECK(found > ROUNDS / 10 && found < ROUNDS - ROUNDS / 10);
	return check_done();
}
