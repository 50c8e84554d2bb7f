/*
 * A linkage name, and a name as DWARF has it: what comes out is bounded, is a text, and
 * is the same each time.
 */
#include <string.h>

#include "analyzer/symbol/demangle.h"
#include "analyzer/util/strbuf.h"
#include "tests/fuzz/fuzz.h"

static void
demangle_bounded(const struct strbuf *out, const char *name)
{
	size_t most = strlen(name);

	if (most < DEMANGLE_OUTPUT_MAX)
		most = DEMANGLE_OUTPUT_MAX;
	FUZZ_CHECK(out->len <= most);
	FUZZ_CHECK(out->text == NULL || strlen(out->text) == out->len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	unsigned how = fuzz_byte(&input);
	struct strbuf out = { 0 }, again = { 0 };
	char *name = malloc(input.left + 1), *end;

	FUZZ_CHECK(name != NULL);
	memcpy(name, input.at, input.left);
	name[input.left] = '\0';
	end = name + strlen(name);
	demangle_plain(name, &out);
	demangle_bounded(&out, name);
	demangle_plain(name, &again);
	FUZZ_CHECK(out.len == again.len && (out.len == 0 || strcmp(out.text, again.text) == 0));
	FUZZ_CHECK(demangle_base_length(name) <= (size_t)(end - name));
	(void)demangle_is_mangled(name);
	(void)demangle_is_lambda(name, strlen(name));
	strbuf_clear(&out);
	demangle_strip(name, strlen(name), how % 2 != 0, &out);
	FUZZ_CHECK(out.len <= strlen(name) + 32);
	strbuf_release(&out);
	strbuf_release(&again);
	free(name);
	return 0;
}
