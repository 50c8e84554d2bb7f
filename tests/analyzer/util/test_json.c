#include "analyzer/util/json.h"

#include <math.h>
#include <stdlib.h>

#include "tests/lib/check.h"

static void
test_string(const char *text, size_t len, const char *want)
{
	struct json json;
	char *got;
	size_t size;
	FILE *out = open_memstream(&got, &size);

	json_start(&json, out);
	json_stringn(&json, text, len);
	(void)fclose(out);
	CHECK_STR(got, want);
	free(got);
}

static void
write_all(struct json *json)
{
	json_begin_object(json);
	json_key(json, "a");
	json_begin_array(json);
	json_int(json, INT64_MIN);
	json_uint(json, UINT64_MAX);
	json_begin_array(json);
	json_end_array(json);
	json_double(json, 0.1);
	json_double(json, 1.0 / 3.0);
	json_double(json, HUGE_VAL);
	json_end_array(json);
	json_key(json, "b");
	json_begin_object(json);
	json_end_object(json);
	json_key(json, "c");
	json_bool(json, true);
	json_key(json, "d");
	json_string(json, NULL);
	json_end_object(json);
}

/* As printf has it, which alone decides. */
static void
test_double(double value)
{
	char expected[64], *got;
	struct json json;
	size_t size;
	FILE *out = open_memstream(&got, &size);

	json_start(&json, out);
	json_double(&json, value);
	(void)fclose(out);
	(void)snprintf(expected, sizeof(expected), "%.6g", value);
	if (strtod(expected, NULL) != value)
		(void)snprintf(expected, sizeof(expected), "%.17g", value);
	CHECK_STR(got, expected);
	free(got);
}

int
main(void)
{
	static const double doubles[] = { 0, -0.0, 1, -1, 999999, 1e6, 999999.5, 1234567, 0.5,
		12.25, 1e-300, 1e300, 18446744073709551616.0, -999999, 100000 };
	struct json json;
	char *got;
	size_t size;
	FILE *out = open_memstream(&got, &size);

	json_start(&json, out);
	write_all(&json);
	(void)fclose(out);
	CHECK_STR(got,
	    "{\"a\":[-9223372036854775808,18446744073709551615,[],0.1,"
	    "0.33333333333333331,null],\"b\":{},\"c\":true,\"d\":null}\n");
	free(got);
	test_string("a\0b", 3, "\"a\\u0000b\"");
	test_string("\"\\\n\t\x1b\x7f", 6, "\"\\\"\\\\\\n\\t\\u001b\\u007f\"");
	test_string("</script>&", 10, "\"\\u003c/script\\u003e\\u0026\"");
	test_string("\xc3\xa9", 2, "\"\\u00e9\"");
	test_string("\xf0\x9f\x98\x80", 4, "\"\\ud83d\\ude00\"");
	test_string("\xe2\x80\xa8", 3, "\"\\u2028\"");
	/* cut, overlong, surrogate, beyond the last */
	test_string("\xc3", 1, "\"\\\\xc3\"");
	test_string("\xc0\xaf", 2, "\"\\\\xc0\\\\xaf\"");
	test_string("\xed\xa0\x80", 3, "\"\\\\xed\\\\xa0\\\\x80\"");
	test_string("\xf4\x90\x80\x80", 4, "\"\\\\xf4\\\\x90\\\\x80\\\\x80\"");
	test_string("plain<\xc3\xa9>plain", 14, "\"plain\\u003c\\u00e9\\u003eplain\"");
	for (size_t i = 0; i < sizeof(doubles) / sizeof(*doubles); i++)
		test_double(doubles[i]);
	return check_done();
}
