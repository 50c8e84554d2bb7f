/*
 * The parameters of a URL: what is taken is text without controls, each name once, and
 * gives the same again when it is written with everything percent-encoded.
 */
#include <string.h>

#include "analyzer/util/strbuf.h"
#include "analyzer/util/utf8.h"
#include "tests/fuzz/fuzz.h"
#include "web/server/parameters.h"

static void
query_text(const struct parameters *all, const char *text)
{
	size_t left, step;
	uint32_t point;

	FUZZ_CHECK(text >= all->text && text < all->text + sizeof(all->text));
	FUZZ_CHECK(memchr(text, '\0', (size_t)(all->text + sizeof(all->text) - text)) != NULL);
	for (left = strlen(text); left > 0; text += step, left -= step) {
		step = utf8_decode(text, left, &point);
		FUZZ_CHECK(step > 0 && point >= 0x20 && point != 0x7f);
	}
}

static void
query_encode(struct strbuf *to, const char *text)
{
	for (; *text != '\0'; text++)
		strbuf_addf(to, "%%%02x", (unsigned)(uint8_t)*text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const known[] = { "token", "sort", "limit", NULL };
	static struct parameters all, again;
	struct strbuf encoded = { 0 };
	char *query = malloc(size + 1);
	uint64_t number;
	size_t i;

	FUZZ_CHECK(query != NULL);
	memcpy(query, data, size);
	query[size] = '\0';
	strbuf_adds(&encoded, "");
	if (parameters_parse(&all, query) != 0)
		goto done;
	FUZZ_CHECK(all.count <= PARAMETERS_COUNT);
	for (i = 0; i < all.count; i++) {
		query_text(&all, all.list[i].name);
		query_text(&all, all.list[i].value);
		FUZZ_CHECK(parameters_find(&all, all.list[i].name) == all.list[i].value);
		strbuf_adds(&encoded, i > 0 ? "&" : "");
		query_encode(&encoded, all.list[i].name);
		strbuf_adds(&encoded, "=");
		query_encode(&encoded, all.list[i].value);
	}
	/* it is three times as long, which may be too much */
	if (encoded.len + 2 > PARAMETERS_BYTES)
		goto done;
	FUZZ_CHECK(parameters_parse(&again, encoded.text) == 0 && again.count == all.count);
	for (i = 0; i < all.count; i++) {
		FUZZ_CHECK(strcmp(again.list[i].name, all.list[i].name) == 0);
		FUZZ_CHECK(strcmp(again.list[i].value, all.list[i].value) == 0);
	}
	(void)parameters_known(&all, known);
	if (parameters_number(&all, "limit", 1, 1000, &number) == 0 &&
	    parameters_find(&all, "limit") != NULL)
		FUZZ_CHECK(number >= 1 && number <= 1000);
done:
	strbuf_release(&encoded);
	free(query);
	return 0;
}
