/*
 * The baseline's text: what is written comes back, and is written the same; what is changed
 * by whatever hand is refused in one line that names the place, or is a baseline that is
 * written the same again.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "analyzer/lint/baseline.h"
#include "analyzer/report/report.h"
#include "analyzer/util/err.h"
#include "analyzer/util/names.h"
#include "tests/lib/check.h"
#include "tests/lib/draw.h"

enum { ROUNDS = 20000 };

/* Reads a text: 0 or -1. */
static int
read_text(struct baseline *baseline, const char *text, size_t len, struct err *err)
{
	FILE *file = len ? fmemopen((char *)text, len, "r") : fopen("/dev/null", "r");
	int rc;

	baseline_init(baseline);
	rc = baseline_read(baseline, file, "B", err);
	fclose(file);
	return rc;
}

static char *
write_text(struct baseline *baseline, size_t *len)
{
	char *text = NULL;
	FILE *file = open_memstream(&text, len);

	baseline_write(baseline, file);
	fclose(file);
	return text;
}

/* One row of report_sites with what a baseline takes of it. */
static void
add_site(struct rows *sites, const char *verdict, const char *function, const char *file, int line)
{
	struct cell *cells = rows_add(sites);

	cell_set_text(&cells[rows_column(sites, "verdict")], verdict);
	cell_set_text(&cells[rows_column(sites, "function")], function);
	cell_set_text(&cells[rows_column(sites, "file")], file);
	cell_set_text(&cells[rows_column(sites, "module")], "/usr/bin/a b");
	cell_set_text(&cells[rows_column(sites, "allocator")], "malloc");
	cell_set_int(&cells[rows_column(sites, "line")], line);
	cell_set_int(&cells[rows_column(sites, "column")], 3);
	cell_set_int(&cells[rows_column(sites, "blocks.observed")], 100);
	cell_set_int(&cells[rows_column(sites, "fates.local")], line % 101);
}

/* Any bytes, as the database has names. */
static char *
draw_name(void)
{
	char bytes[40];
	size_t len = draw(sizeof(bytes));

	for (size_t i = 0; i + 1 < len; i++)
		bytes[i] = draw(3) ? "\t\n\r \\xu{}5c#a1\x1b\x7f"[draw(17)] : (char)(1 + draw(255));
	bytes[len ? len - 1 : 0] = '\0';
	return names_escaped(bytes);
}

/* Names of any bytes come back, and two that differ stay two. */
static void
test_names(void)
{
	const struct report *report = report_find("sites");
	struct baseline written, read;
	struct err err = { "" };

	for (int round = 0; round < ROUNDS / 20; round++) {
		struct rows sites;
		size_t other[2] = { 0, 0 };
		char *name = draw_name(), *file = draw_name();
		char *text, *again;
		size_t len, again_len;

		rows_init(&sites, report->columns, report->width);
		add_site(&sites, "stack", name, file, (int)draw(1000));
		add_site(&sites, "heap", file, name, -5);
		baseline_init(&written);
		baseline_add(&written, NULL, &sites, other);
		text = write_text(&written, &len);
		CHECK_EQ(read_text(&read, text, len, &err), 0);
		CHECK_EQ(read.sites.count, 2);
		for (size_t i = 0; i < 2; i++)
			for (size_t column = 0; column < 8; column++) {
				const struct cell *a =
				    &written.sites.cells[i * written.sites.width + column];
				const struct cell *b =
				    &read.sites.cells[i * read.sites.width + column];

				CHECK(a->type == b->type);
				if (a->type == CELL_TEXT)
					CHECK_STR(b->text, a->text);
				else
					CHECK_EQ(b->integer, a->integer);
			}
		again = write_text(&read, &again_len);
		CHECK(len == again_len && memcmp(text, again, len) == 0);
		free(text);
		free(again);
		free(name);
		free(file);
		baseline_release(&written);
		baseline_release(&read);
		rows_release(&sites);
	}
}

static const char sample[] = "# a comment\n"
			     "esc-baseline 1 full\n"
			     "\n"
			     "stack\t100\tapp\tgeo::point\tmalloc\tsrc/p.cc\t7:14\n"
			     "heap,thread\t40\tlibx.so.1\toperator new\tnew\t\t0:0\r\n"
			     "mixed\t90\tapp\t\\x1bweird\\u{202e}\tcalloc\ta b.c\t999999999:1";

static void
test_sample(void)
{
	struct baseline baseline;
	struct err err = { "" };

	CHECK_EQ(read_text(&baseline, sample, strlen(sample), &err), 0);
	CHECK_EQ(baseline.sites.count, 3);
	CHECK(!baseline.is_sampled);
	CHECK_STR(rows_text(&baseline.sites, 1, "verdicts"), "heap,thread");
	CHECK_EQ(rows_int(&baseline.sites, 1, "stays"), 40);
	CHECK_STR(rows_text(&baseline.sites, 2, "function"), "\x1bweird\xe2\x80\xae");
	CHECK_EQ(rows_int(&baseline.sites, 2, "line"), 999999999);
	baseline_release(&baseline);
}

static void
test_refused(void)
{
	static const char *const lines[] = { "", "stack", "stack\t1\tm\tf\ta\ts", "<<<<<<< ours",
		"stack\t1\tm\tf\ta\ts\t1:1\tx", "nonsense\t1\tm\tf\ta\ts\t1:1",
		"\t1\tm\tf\ta\ts\t1:1", "stack,\t1\tm\tf\ta\ts\t1:1", ",stack\t1\tm\tf\ta\ts\t1:1",
		"stack\t\tm\tf\ta\ts\t1:1", "stack\t101\tm\tf\ta\ts\t1:1",
		"stack\t-1\tm\tf\ta\ts\t1:1", "stack\t1x\tm\tf\ta\ts\t1:1",
		"stack\t1\tm\tf\ta\ts\t1", "stack\t1\tm\tf\ta\ts\t1:", "stack\t1\tm\tf\ta\ts\t:1",
		"stack\t1\tm\tf\ta\ts\t1:1:1", "stack\t1\tm\tf\ta\ts\t1000000000:1",
		"stack\t1\tm\tf\ta\ts\t99999999999999999999:1", "stack\t1\tm\tf\ta\ts\t1:-1",
		"stack stack\t1\tm\tf\ta\ts\t1:1" };
	struct baseline baseline;
	struct err err;

	for (size_t i = 1; i < sizeof(lines) / sizeof(*lines); i++) {
		char text[200];
		int len = snprintf(text, sizeof(text), "esc-baseline 1 full\n%s\n", lines[i]);

		err.text[0] = '\0';
		CHECK_EQ(read_text(&baseline, text, (size_t)len, &err), -1);
		CHECK(strncmp(err.text, "B:2: ", 5) == 0);
		baseline_release(&baseline);
	}
	for (size_t i = 0; i < 5; i++) {
		static const char *const heads[] = { "", "# nothing\n", "esc-baseline 2 full\n",
			"esc-baseline 1 fuller\n", "stack\t1\tm\tf\ta\ts\t1:1\n" };

		err.text[0] = '\0';
		CHECK_EQ(read_text(&baseline, heads[i], strlen(heads[i]), &err), -1);
		CHECK(strncmp(err.text, "B:", 2) == 0);
		baseline_release(&baseline);
	}
}

/* The sample with a few bytes that are others, more or fewer. */
static size_t
mutate(char *text, size_t len, size_t room)
{
	for (unsigned n = 1 + draw(4); n > 0; n--) {
		size_t at = draw((unsigned)len + 1);
		char byte = draw(2) ? "\t\n\r,:0\\x#s"[draw(10)] : (char)draw(256);

		if (draw(3) == 0 && len + 1 < room) {
			memmove(text + at + 1, text + at, len - at);
			text[at] = byte;
			len++;
		} else if (draw(2) && at < len) {
			memmove(text + at, text + at + 1, len - at - 1);
			len--;
		} else if (at < len) {
			text[at] = byte;
		}
	}
	return draw(50) == 0 ? draw((unsigned)len + 1) : len;
}

static void
test_mutants(void)
{
	size_t taken = 0;

	for (int round = 0; round < ROUNDS; round++) {
		char text[sizeof(sample) + 64];
		struct baseline baseline, second;
		struct err err = { "" };
		size_t len;
		int rc;

		memcpy(text, sample, sizeof(sample));
		len = mutate(text, strlen(sample), sizeof(text));
		rc = read_text(&baseline, text, len, &err);
		if (rc < 0) {
			CHECK(strncmp(err.text, "B:", 2) == 0);
		} else {
			size_t lens[2];
			char *texts[2] = { write_text(&baseline, &lens[0]), NULL };

			taken++;
			CHECK_EQ(read_text(&second, texts[0], lens[0], &err), 0);
			CHECK_EQ(second.sites.count, baseline.sites.count);
			texts[1] = write_text(&second, &lens[1]);
			CHECK(lens[0] == lens[1] && memcmp(texts[0], texts[1], lens[0]) == 0);
			free(texts[0]);
			free(texts[1]);
			baseline_release(&second);
		}
		baseline_release(&baseline);
	}
	/* both happen */
	CHECK(taken > ROUNDS / 20 && taken < ROUNDS - ROUNDS / 20);
}

int
main(void)
{
	test_sample();
	test_refused();
	test_names();
	test_mutants();
	return check_done();
}
