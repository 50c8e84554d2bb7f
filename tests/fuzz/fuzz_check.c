/*
 * What people keep for `esc check`, a baseline and suppressions: an error names the file, in
 * one line; a baseline that is taken has as many sites as lines, and is the same again when
 * it is written and read; a suppression is what its line says, and its pattern is found where
 * a second reader finds it.
 */
#include <string.h>

#include "analyzer/lint/baseline.h"
#include "analyzer/lint/suppressions.h"
#include "analyzer/util/err.h"
#include "tests/fuzz/fuzz.h"

enum { CHECK_PATTERN = 64, CHECK_TEXT = 256 };

static FILE *
check_open(const void *bytes, size_t size)
{
	FILE *file =
	    size > 0 ? fmemopen((void *)(uintptr_t)bytes, size, "r") : fopen("/dev/null", "r");

	FUZZ_CHECK(file != NULL);
	return file;
}

static void
check_error(const struct err *err)
{
	FUZZ_CHECK(strncmp(err->text, "F:", 2) == 0);
	FUZZ_CHECK(strchr(err->text, '\n') == NULL);
}

/* ---- a baseline */

static int
check_read(struct baseline *baseline, const void *bytes, size_t size)
{
	FILE *file = check_open(bytes, size);
	struct err err = { "" };
	int rc;

	baseline_init(baseline);
	rc = baseline_read(baseline, file, "F", &err);
	(void)fclose(file);
	if (rc < 0)
		check_error(&err);
	return rc;
}

static char *
check_written(struct baseline *baseline, size_t *size)
{
	char *text = NULL;
	FILE *file = open_memstream(&text, size);

	FUZZ_CHECK(file != NULL);
	baseline_write(baseline, file);
	FUZZ_CHECK(fclose(file) == 0);
	/* for a terminal, too */
	for (size_t i = 0; i < *size; i++)
		FUZZ_CHECK(((unsigned char)text[i] >= ' ' && text[i] != 0x7f) || text[i] == '\t' ||
		    text[i] == '\n');
	return text;
}

/* Lines that are neither empty nor comments, but the first of them, which is the head. */
static size_t
check_lines(const uint8_t *bytes, size_t size)
{
	size_t count = 0, at = 0;

	while (at < size) {
		const uint8_t *end = memchr(bytes + at, '\n', size - at);
		size_t len = end != NULL ? (size_t)(end - bytes) - at : size - at;
		bool is_empty = len == 0 || (len == 1 && bytes[at] == '\r');

		count += !is_empty && bytes[at] != '#';
		at += len + 1;
	}
	return count > 0 ? count - 1 : 0;
}

static void
check_baseline(const uint8_t *bytes, size_t size)
{
	struct baseline first, again;
	char *once, *twice;
	size_t once_size, twice_size;

	if (check_read(&first, bytes, size) == 0) {
		FUZZ_CHECK(first.sites.count == check_lines(bytes, size));
		for (size_t i = 0; i < first.sites.count; i++)
			FUZZ_CHECK(rows_int(&first.sites, i, "stays") >= 0 &&
			    rows_int(&first.sites, i, "stays") <= 100);
		once = check_written(&first, &once_size);
		FUZZ_CHECK(check_read(&again, once, once_size) == 0);
		FUZZ_CHECK(again.is_sampled == first.is_sampled);
		FUZZ_CHECK(again.sites.count == first.sites.count);
		twice = check_written(&again, &twice_size);
		FUZZ_CHECK(once_size == twice_size && memcmp(once, twice, once_size) == 0);
		baseline_release(&again);
		free(once);
		free(twice);
	}
	baseline_release(&first);
}

/* ---- suppressions */

/* The places of text that a pattern may have got to, byte by byte. */
static bool
check_found(const char *pattern, const char *text)
{
	bool at[CHECK_TEXT + 1] = { false };
	size_t count = strlen(pattern), len = strlen(text);
	bool begins = count > 0 && pattern[0] == '^', ends, any = false;
	size_t first = begins ? 1 : 0;

	FUZZ_CHECK(len <= CHECK_TEXT);
	ends = count > first && pattern[count - 1] == '$';
	for (size_t j = 0; j <= len; j++)
		at[j] = j == 0 || !begins;
	for (size_t i = first; i < count - (ends ? 1 : 0); i++) {
		for (size_t j = 1; j <= len && pattern[i] == '*'; j++)
			at[j] = at[j] || at[j - 1];
		for (size_t j = len + 1; j-- > 0 && pattern[i] != '*';)
			at[j] = j > 0 && at[j - 1] && text[j - 1] == pattern[i];
	}
	for (size_t j = 0; j <= len; j++)
		any |= at[j] && (!ends || j == len);
	return any;
}

static void
check_patterns(struct fuzz_input *input)
{
	char *pattern = fuzz_text(input, CHECK_PATTERN), *text = fuzz_text(input, CHECK_TEXT);

	FUZZ_CHECK(suppressions_find(pattern, text) == check_found(pattern, text));
	free(text);
	free(pattern);
}

static void
check_suppressions(const uint8_t *bytes, size_t size)
{
	struct suppressions list = { 0 };
	struct err err = { "" };
	FILE *file = check_open(bytes, size);
	size_t line = 0;

	if (suppressions_read(&list, file, "F", &err) < 0)
		check_error(&err);
	(void)fclose(file);
	for (size_t i = 0; i < list.count; i++) {
		const struct suppression *one = &list.list[i];
		const char *of = one->of != NULL ? one->of : "esc";

		FUZZ_CHECK(one->line > line && !one->is_used);
		line = one->line;
		FUZZ_CHECK(one->pattern == strlen(of) + 1);
		FUZZ_CHECK(strncmp(one->text, of, strlen(of)) == 0);
		FUZZ_CHECK(one->text[one->pattern - 1] == ':' && one->text[one->pattern] != '\0');
		FUZZ_CHECK(memmem(bytes, size, one->text, strlen(one->text)) != NULL);
	}
	suppressions_release(&list);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };

	switch (fuzz_byte(&input) % 4) {
	case 0: check_patterns(&input); break;
	case 1: check_suppressions(input.at, input.left); break;
	default: check_baseline(input.at, input.left); break;
	}
	return 0;
}
