/* Parameters of a URL, good and bad. */
#include "web/server/parameters.h"

#include <stdbool.h>
#include <stdlib.h>

#include "tests/lib/check.h"

static bool
is_malformed(const char *query)
{
	struct parameters parameters;

	return parameters_parse(&parameters, query) < 0;
}

static void
test_good(void)
{
	static const char *const known[] = { "a", "empty", "n", NULL };
	static const char *const fewer[] = { "a", "n", NULL };
	struct parameters parameters;
	uint64_t number = 7;

	CHECK(parameters_parse(&parameters, "") == 0);
	CHECK_EQ(parameters.count, 0);
	CHECK(parameters_parse(&parameters, "a=%3Cb%3e+c%26d%3D%25&empty&n=18446744") == 0);
	CHECK_EQ(parameters.count, 3);
	CHECK_STR(parameters_find(&parameters, "a"), "<b> c&d=%");
	CHECK_STR(parameters_find(&parameters, "empty"), "");
	CHECK(parameters_find(&parameters, "A") == NULL);
	CHECK(parameters_known(&parameters, known) == 0);
	CHECK(parameters_known(&parameters, fewer) < 0);
	CHECK(parameters_number(&parameters, "n", 0, UINT64_MAX, &number) == 0);
	CHECK_EQ(number, 18446744);
	CHECK(parameters_number(&parameters, "none", 0, 1, &number) == 0);
	CHECK_EQ(number, 18446744);
	CHECK(parameters_number(&parameters, "n", 0, 18446743, &number) < 0);
	CHECK(parameters_number(&parameters, "n", 18446745, UINT64_MAX, &number) < 0);
	CHECK(parameters_number(&parameters, "empty", 0, 1, &number) < 0);
	CHECK(parameters_number(&parameters, "a", 0, 1, &number) < 0);
	/* decoded once */
	CHECK(parameters_parse(&parameters, "a=%2541") == 0);
	CHECK_STR(parameters_find(&parameters, "a"), "%41");
	CHECK(parameters_parse(&parameters, "a=%C3%A9=x") == 0);
	CHECK_STR(parameters_find(&parameters, "a"), "\xc3\xa9=x");
}

static void
test_bad(void)
{
	static const char *const queries[] = { "a=%", "a=%4", "a=%4g", "a=%g4", "%", "a=%00",
		"a=%0d%0a", "a=%0A", "a=\x01", "a=%7f", "=b", "&", "a=b&", "&a=b", "a=b&&c=d",
		"a=1&a=2", "a&a", "a=%ff", "a=%C0%80", "a=%ED%A0%80", "%c3=b", "a=\xe2\x82" };
	struct parameters parameters;
	uint64_t number;

	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
		CHECK(is_malformed(queries[i]));
		if (!is_malformed(queries[i]))
			fprintf(stderr, "taken: %s\n", queries[i]);
	}
	for (const char *const *text = (const char *const[]){ "-1", "+1", "1 ", " 1", "0x1", "1e3",
		 "9999999999999999999", "1.0", NULL };
	     *text; text++) {
		char query[64];

		(void)snprintf(query, sizeof(query), "n=%s", *text);
		CHECK(parameters_parse(&parameters, query) == 0);
		CHECK(parameters_number(&parameters, "n", 0, UINT64_MAX, &number) < 0);
	}
}

/* As many and as long as there is room for, and one more. */
static void
test_limits(void)
{
	struct parameters parameters;
	char query[PARAMETERS_BYTES + 64] = "";
	size_t len = 0;

	for (int i = 0; i < PARAMETERS_COUNT; i++)
		len += (size_t)snprintf(query + len, sizeof(query) - len, "%sp%d", i ? "&" : "", i);
	CHECK(parameters_parse(&parameters, query) == 0);
	CHECK_EQ(parameters.count, PARAMETERS_COUNT);
	(void)snprintf(query + len, sizeof(query) - len, "&last");
	CHECK(is_malformed(query));
	for (len = 0; len < sizeof(query) - 1; len++) {
		memset(query, 'x', len);
		query[len] = '\0';
		CHECK((len + 1 > PARAMETERS_BYTES) == is_malformed(query));
	}
}

/* Names without a value, of a query that is as long as there is room for: what they are
 * decoded to needs no more, and nothing behind it is written to. */
static void
test_no_values(void)
{
	struct {
		struct parameters parameters;
		char behind[2 * PARAMETERS_COUNT];
	} all;
	char query[PARAMETERS_BYTES];

	memset(query, 'x', sizeof(query));
	for (size_t i = 1; i < PARAMETERS_COUNT; i++) {
		query[10 * i] = '&';
		query[10 * i + 1] = (char)('a' + i);
	}
	query[sizeof(query) - 1] = '\0';
	memset(all.behind, '!', sizeof(all.behind));
	CHECK(parameters_parse(&all.parameters, query) == 0);
	CHECK_EQ(all.parameters.count, PARAMETERS_COUNT);
	for (size_t i = 0; i < sizeof(all.behind); i++)
		CHECK_EQ(all.behind[i], '!');
	for (size_t i = 0; i < all.parameters.count; i++)
		CHECK(all.parameters.list[i].value[0] == '\0');
}

/* Any bytes at all: what is taken is text, in its bounds, and encodes to itself. */
static void
test_any(void)
{
	static const char set[] = "ab=&%+0123456789cdefABC\xc3\xa9\x01\x7f\xff";
	struct parameters parameters;
	char query[64];

	srand(1);
	for (int i = 0; i < 200000; i++) {
		size_t len = (size_t)rand() % sizeof(query);

		for (size_t j = 0; j < len; j++)
			query[j] = set[(size_t)rand() % (sizeof(set) - 1)];
		query[len < sizeof(query) ? len : sizeof(query) - 1] = '\0';
		if (parameters_parse(&parameters, query) < 0)
			continue;
		for (size_t j = 0; j < parameters.count; j++) {
			const char *value = parameters.list[j].value;

			CHECK(value >= parameters.text &&
			    value + strlen(value) < parameters.text + sizeof(parameters.text));
			CHECK(parameters.list[j].name[0] != '\0');
		}
	}
}

int
main(void)
{
	test_good();
	test_bad();
	test_limits();
	test_no_values();
	test_any();
	return check_done();
}
