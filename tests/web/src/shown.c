/*
 * Numbers and characters as the commands show them, for the page's tests to compare
 * with: lines of `KIND VALUE TEXT`, and of `unsafe FIRST LAST` for characters.
 */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/util/show.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"

enum { EACH = 6000 };

/* Anything, reproducibly: many ties among it, since those are rounded by a rule. */
static double
some(uint64_t *state)
{
	double power;

	*state = *state * 6364136223846793005u + 1442695040888963407u;
	power = (double)(*state >> 33) / (double)(1u << 31);
	switch (*state >> 62) {
	case 0: return exp(power * 36);
	case 1: return (double)(*state >> 40 & 0xffff) / 8;
	case 2: return (double)(*state >> 40 & 0xfffff) * 1.25;
	default: return ldexp(1 + power, (int)(*state >> 50 & 63));
	}
}

static size_t
encode(uint32_t code, char *to)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xc0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		to[0] = (char)(0xe0 | code >> 12);
		to[1] = (char)(0x80 | (code >> 6 & 0x3f));
		to[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | code >> 18);
	to[1] = (char)(0x80 | (code >> 12 & 0x3f));
	to[2] = (char)(0x80 | (code >> 6 & 0x3f));
	to[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

static void
characters(void)
{
	struct strbuf buf = { 0 };
	uint32_t first = 0;
	bool was = false;

	for (uint32_t code = 0; code <= 0x110000; code++) {
		char text[4];
		bool is = false;

		if (code < 0x110000 && (code < 0xd800 || code > 0xdfff)) {
			size_t len = encode(code, text);

			strbuf_clear(&buf);
			term_escape(&buf, text, len);
			is = buf.len != len || memcmp(buf.text, text, len) != 0;
		}
		if (is && !was)
			first = code;
		if (was && !is)
			printf("unsafe %" PRIu32 " %" PRIu32 "\n", first, code - 1);
		was = is;
	}
	strbuf_release(&buf);
}

int
main(void)
{
	uint64_t state = 1;
	char text[SHOW_SIZE];

	for (int i = 0; i < EACH; i++) {
		double value = some(&state);
		double whole = some(&state);

		printf("count %.17g %s\n", value, show_count(text, value));
		printf("bytes %.17g %s\n", value, show_bytes(text, value));
		printf("ns %.17g %s\n", value, show_ns(text, value));
		printf("share %.17g/%.17g %s\n", value, whole, show_share(text, value, whole));
		/* most shares are of a part */
		whole = value / (1 + fmod(whole, 1000));
		printf("share %.17g/%.17g %s\n", whole, value, show_share(text, whole, value));
	}
	characters();
	return 0;
}
