#include "analyzer/lint/baseline.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/report/advice.h"
#include "analyzer/util/err.h"
#include "analyzer/util/lines.h"
#include "analyzer/util/names.h"
#include "analyzer/util/paths.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"
#include "analyzer/util/xalloc.h"

#define BASELINE_HEAD "esc-baseline 1 "

enum {
	BASELINE_MOST = 1000000, /* sites */
	BASELINE_TENTH = 10,     /* shares are written in tens of a hundred */
	BASELINE_WORDS = 10,     /* verdicts */
};

/* The first seven are fields of a line, in this order. */
enum {
	FIELD_VERDICTS,
	FIELD_STAYS,
	FIELD_MODULE,
	FIELD_FUNCTION,
	FIELD_ALLOCATOR,
	FIELD_FILE,
	FIELD_PLACE, /* line:column; as a cell: the line */
	FIELDS,
	CELL_COLUMN = FIELDS,
	CELL_OWNER,
};

static const struct column columns[] = {
	{ "verdicts", NULL, COLUMN_TEXT }, { "stays", NULL, COLUMN_INT },
	{ "module", NULL, COLUMN_PATH }, { "function", NULL, COLUMN_TEXT },
	{ "allocator", NULL, COLUMN_TEXT }, { "file", NULL, COLUMN_PATH },
	{ "line", NULL, COLUMN_INT }, { "column", NULL, COLUMN_INT },
	{ "owner.function", NULL, COLUMN_TEXT }, /* never known */
};

static const char head[] =
    "# The sites of a program, for `esc check --baseline`: see esc-check(1). A line each:\n"
    "# verdicts, % that stay, module, function, allocator, source, line:column\n";

void
baseline_init(struct baseline *baseline)
{
	baseline->is_sampled = false;
	rows_init(&baseline->sites, columns, sizeof(columns) / sizeof(*columns));
}

void
baseline_release(struct baseline *baseline)
{
	rows_release(&baseline->sites);
}

/* ---- reading */

/* A number of at most nine digits, and what ends it: -1 if it is none. */
static int64_t
number_read(const char *text, const char **end)
{
	int64_t number = 0;
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 9)
		return -1;
	for (size_t i = 0; i < digits; i++)
		number = number * 10 + (text[i] - '0');
	*end = text + digits;
	return number;
}

/* Names of verdicts with commas, and nothing else. */
static bool
are_verdicts(const char *text)
{
	size_t count = 0;

	do {
		size_t len = strcspn(text, ",");
		bool is_one = false;

		for (size_t i = 0; advice_at(i) && !is_one; i++)
			is_one = strlen(advice_at(i)->verdict) == len &&
			    strncmp(advice_at(i)->verdict, text, len) == 0;
		if (!is_one || ++count > BASELINE_WORDS)
			return false;
		text += len;
	} while (*text++ == ',');
	return true;
}

/* As the database has it. */
static void
name_read(struct cell *cell, const char *text)
{
	char *plain = names_restored(text);
	char *name = names_escaped(plain);

	cell_set_text(cell, name);
	free(plain);
	free(name);
}

static int
fields_read(
    struct cell *cells, const char *fields[FIELDS], const struct lines *lines, struct err *err)
{
	const char *end = "x";
	int64_t stays = number_read(fields[FIELD_STAYS], &end);
	int64_t line, column = -1;

	if (!are_verdicts(fields[FIELD_VERDICTS]))
		return err_set(err, "%s:%zu: no verdict, or verdicts with commas: %.40s",
		    lines->name, lines->number, fields[FIELD_VERDICTS]);
	if (*end || stays < 0 || stays > 100)
		return err_set(err, "%s:%zu: no whole number of per cent: %.40s", lines->name,
		    lines->number, fields[FIELD_STAYS]);
	line = number_read(fields[FIELD_PLACE], &end);
	if (line >= 0 && *end == ':')
		column = number_read(end + 1, &end);
	if (column < 0 || *end)
		return err_set(err, "%s:%zu: no line:column: %.40s", lines->name, lines->number,
		    fields[FIELD_PLACE]);
	cell_set_text(&cells[FIELD_VERDICTS], fields[FIELD_VERDICTS]);
	cell_set_int(&cells[FIELD_STAYS], stays);
	for (size_t i = FIELD_MODULE; i <= FIELD_FILE; i++)
		name_read(&cells[i], fields[i]);
	cell_set_int(&cells[FIELD_PLACE], line);
	cell_set_int(&cells[CELL_COLUMN], column);
	return 0;
}

static int
site_read(struct baseline *baseline, const struct lines *lines, char *text, struct err *err)
{
	const char *fields[FIELDS];
	size_t count = 0;

	do {
		char *tab = strchr(text, '\t');

		if (tab)
			*tab = '\0';
		if (count < FIELDS)
			fields[count] = text;
		count++;
		text = tab ? tab + 1 : NULL;
	} while (text);
	if (count != FIELDS)
		return err_set(err, "%s:%zu: %zu fields with tabs between, not %d", lines->name,
		    lines->number, count, FIELDS);
	if (baseline->sites.count >= BASELINE_MOST)
		return err_set(err, "%s: more than %d sites", lines->name, BASELINE_MOST);
	return fields_read(rows_add(&baseline->sites), fields, lines, err);
}

/* The first line that is no comment. */
static int
head_read(struct baseline *baseline, const struct lines *lines, const char *text, struct err *err)
{
	size_t len = strlen(BASELINE_HEAD);
	bool is_ours = strncmp(text, BASELINE_HEAD, len) == 0;

	baseline->is_sampled = is_ours && strcmp(text + len, "sampled") == 0;
	if (!baseline->is_sampled && !(is_ours && strcmp(text + len, "full") == 0))
		return err_set(err,
		    "%s:%zu: no baseline of this version (--write-baseline makes one)", lines->name,
		    lines->number);
	return 0;
}

int
baseline_read(struct baseline *baseline, FILE *file, const char *name, struct err *err)
{
	struct lines lines;
	const char *text;
	bool has_head = false;
	int rc;

	lines_init(&lines, file, name);
	while ((rc = lines_next(&lines, &text, err)) > 0) {
		if (*text == '#' || *text == '\0')
			continue;
		rc = has_head ? site_read(baseline, &lines, lines.text.text, err)
			      : head_read(baseline, &lines, text, err);
		has_head = true;
		if (rc < 0)
			break;
	}
	if (rc == 0 && !has_head)
		rc = err_set(err, "%s: is empty (--write-baseline makes a baseline)", name);
	lines_release(&lines);
	return rc;
}

int
baseline_load(struct baseline *baseline, const char *path, struct err *err)
{
	FILE *file = fopen(path, "re");
	int rc;

	if (!file)
		return err_set(err, "%s: %s%s", path, strerror(errno),
		    errno == ENOENT ? " (--write-baseline makes it)" : "");
	rc = baseline_read(baseline, file, path, err);
	(void)fclose(file);
	return rc;
}

/* ---- a run */

int64_t
baseline_stays(const struct rows *sites, size_t row)
{
	double judged =
	    rows_real(sites, row, "blocks.observed") - rows_real(sites, row, "fates.censored");
	double share = judged > 0 ? 100 * rows_real(sites, row, "fates.local") / judged : 0;

	return share >= 100 ? 100 : share > 0 ? (int64_t)share : 0;
}

/* Adds a verdict to those that stand there, in the order of advice_at(). */
static void
verdicts_add(struct cell *cell, const char *verdict)
{
	const char *old = cell->type == CELL_TEXT ? cell->text : "";
	struct strbuf list = { 0 };

	strbuf_adds(&list, "");
	for (size_t i = 0; advice_at(i); i++) {
		const char *one = advice_at(i)->verdict;

		if (strcmp(one, verdict) != 0 && !advice_is_among(old, one))
			continue;
		strbuf_adds(&list, list.len ? "," : "");
		strbuf_adds(&list, one);
	}
	cell_set_text(cell, list.text);
	strbuf_release(&list);
}

/* What readers keep in nine digits, else it is unknown. */
static int64_t
in_source(int64_t value)
{
	return value < 0 || value > 999999999 ? 0 : value;
}

static void
site_add(struct cell *cells, const struct paths *paths, const struct rows *sites, size_t row)
{
	const char *module = rows_text(sites, row, "module");
	const char *function = rows_text(sites, row, "function");
	const char *slash = strrchr(module, '/');
	/* what has no name is called by its file, wherever that is */
	const char *named = *function == '/' ? strrchr(function, '/') + 1 : function;
	char *file = paths_shown(paths, rows_text(sites, row, "file"));
	int64_t stays = baseline_stays(sites, row) / BASELINE_TENTH * BASELINE_TENTH;

	verdicts_add(
	    &cells[FIELD_VERDICTS], advice_find(rows_text(sites, row, "verdict"))->verdict);
	if (cells[FIELD_STAYS].type != CELL_INT || cells[FIELD_STAYS].integer < stays)
		cell_set_int(&cells[FIELD_STAYS], stays);
	cell_set_text(&cells[FIELD_MODULE], slash ? slash + 1 : module);
	cell_set_text(&cells[FIELD_FUNCTION], named);
	cell_set_text(&cells[FIELD_ALLOCATOR], rows_text(sites, row, "allocator"));
	cell_set_text(&cells[FIELD_FILE], file);
	cell_set_int(&cells[FIELD_PLACE], in_source(rows_int(sites, row, "line")));
	cell_set_int(&cells[CELL_COLUMN], in_source(rows_int(sites, row, "column")));
	free(file);
}

void
baseline_add(struct baseline *baseline, const struct paths *paths, const struct rows *sites,
    const size_t *other)
{
	for (size_t i = 0; i < sites->count; i++) {
		struct cell *cells = other[i]
		    ? &baseline->sites.cells[(other[i] - 1) * baseline->sites.width]
		    : rows_add(&baseline->sites);

		site_add(cells, paths, sites, i);
	}
}

/* ---- writing */

static int
by_name(const void *left, const void *right)
{
	static const int order[] = { FIELD_MODULE, FIELD_FUNCTION, FIELD_FILE, FIELD_PLACE,
		CELL_COLUMN, FIELD_ALLOCATOR, FIELD_VERDICTS, FIELD_STAYS };
	const struct cell *a = left, *b = right;
	int rc = 0;

	for (size_t i = 0; i < sizeof(order) / sizeof(*order) && rc == 0; i++) {
		const struct cell *one = &a[order[i]], *two = &b[order[i]];

		if (one->type == CELL_INT)
			rc = (one->integer > two->integer) - (one->integer < two->integer);
		else
			rc = strcmp(one->text, two->text);
	}
	return rc;
}

static void
site_write(const struct cell *cells, FILE *out)
{
	struct strbuf line = { 0 };

	strbuf_addf(&line, "%s\t%" PRId64, cells[FIELD_VERDICTS].text, cells[FIELD_STAYS].integer);
	for (size_t i = FIELD_MODULE; i <= FIELD_FILE; i++) {
		strbuf_adds(&line, "\t");
		term_escape(&line, cells[i].text, strlen(cells[i].text));
	}
	fprintf(out, "%s\t%" PRId64 ":%" PRId64 "\n", line.text, cells[FIELD_PLACE].integer,
	    cells[CELL_COLUMN].integer);
	strbuf_release(&line);
}

void
baseline_write(struct baseline *baseline, FILE *out)
{
	struct rows *sites = &baseline->sites;

	if (sites->count > 0)
		qsort(sites->cells, sites->count, sites->width * sizeof(*sites->cells), by_name);
	fputs(head, out);
	fprintf(out, BASELINE_HEAD "%s\n", baseline->is_sampled ? "sampled" : "full");
	for (size_t i = 0; i < sites->count; i++)
		site_write(&sites->cells[i * sites->width], out);
}
