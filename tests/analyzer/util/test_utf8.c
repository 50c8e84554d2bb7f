#include "analyzer/util/utf8.h"

#include "tests/lib/check.h"

struct example {
	const char *text;
	size_t len;
	size_t takes;
	uint32_t point;
};

/* The first and last of each length, and their neighbours that are none. */
static const struct example examples[] = {
	{ "a", 1, 1, 'a' },
	{ "\0", 1, 1, 0 },
	{ "\x7f", 1, 1, 0x7f },
	{ "\xc2\x80", 2, 2, 0x80 },
	{ "\xdf\xbf", 2, 2, 0x7ff },
	{ "\xe0\xa0\x80", 3, 3, 0x800 },
	{ "\xef\xbf\xbf", 3, 3, 0xffff },
	{ "\xf0\x90\x80\x80", 4, 4, 0x10000 },
	{ "\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff },
	{ "\xc3\xa9x", 3, 2, 0xe9 },
	/* a continuation first, overlong forms, surrogates, too large */
	{ "\x80", 1, 0, 0 },
	{ "\xc0\x80", 2, 0, 0 },
	{ "\xc1\xbf", 2, 0, 0 },
	{ "\xe0\x9f\xbf", 3, 0, 0 },
	{ "\xf0\x8f\xbf\xbf", 4, 0, 0 },
	{ "\xed\xa0\x80", 3, 0, 0 },
	{ "\xed\xbf\xbf", 3, 0, 0 },
	{ "\xf4\x90\x80\x80", 4, 0, 0 },
	{ "\xf5\x80\x80\x80", 4, 0, 0 },
	{ "\xff", 1, 0, 0 },
	/* cut, or broken off by something else */
	{ "\xc3\xa9", 1, 0, 0 },
	{ "\xe2\x82\xac", 2, 0, 0 },
	{ "\xf0\x9f\x98\x80", 3, 0, 0 },
	{ "\xc3(", 2, 0, 0 },
	{ "\xe2\x28\xac", 3, 0, 0 },
	{ "\xe2\x82\x28", 3, 0, 0 },
};

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		const struct example *example = &examples[i];
		uint32_t point = 0;

		CHECK_EQ(utf8_decode(example->text, example->len, &point), example->takes);
		CHECK_EQ(point, example->point);
	}
	return check_done();
}
