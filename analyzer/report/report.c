#include "analyzer/report/report.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyzer/format/rows.h"
#include "analyzer/report/stacks.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"

#define X(name) extern const struct report report_##name;
#include "analyzer/report/table.inc"
#undef X

static const struct report *const table[] = {
#define X(name) &report_##name,
#include "analyzer/report/table.inc"
#undef X
};

const struct report *
report_at(size_t at)
{
	return at < sizeof(table) / sizeof(table[0]) ? table[at] : NULL;
}

const struct report *
report_find(const char *name)
{
	for (size_t i = 0; report_at(i); i++) {
		if (strcmp(report_at(i)->name, name) == 0)
			return report_at(i);
	}
	return NULL;
}

/* What stacks are read with: prepared once a report. */
struct loader {
	struct query *stack;
	struct query *list;
	struct query *part; /* NULL: has none */
	const struct report *part_report;
	struct stacks *stacks; /* NULL: they are few */
	bool is_plain;         /* of a stack its number */
};

static int
loader_init(struct loader *loader, struct query_db *db, struct err *err)
{
	loader->stack = query_prepare(db,
	    "SELECT s.parent, f.function, f.file, f.line, f.wrapper, f.startup,"
	    " (SELECT path FROM module m WHERE m.id = f.module), f.symbol, f.column"
	    " FROM stack s JOIN frame f ON f.id = s.frame WHERE s.id = ?1",
	    err);
	loader->list = query_prepare(db,
	    "SELECT value FROM json_each(CASE WHEN json_valid(?1) THEN ?1 ELSE"
	    " json_array(?1) END) LIMIT 10000",
	    err);
	return loader->stack && loader->list ? 0 : -1;
}

static void
loader_release(struct loader *loader)
{
	query_finish(loader->stack);
	query_finish(loader->list);
	query_finish(loader->part);
	stacks_free(loader->stacks);
}

static int
loader_stack(
    struct loader *loader, int64_t id, struct report_frame **frames, size_t *count, struct err *err)
{
	size_t cap = 0;
	int rc = 1;

	*frames = NULL;
	*count = 0;
	while (id > 0 && *count < STACKS_DEPTH && rc > 0) {
		query_reset(loader->stack);
		query_bind_int(loader->stack, 1, id);
		rc = query_next(loader->stack, err);
		if (rc <= 0)
			break;
		*frames = xgrow(*frames, &cap, *count + 1, sizeof(**frames));
		(*frames)[(*count)++] = (struct report_frame){
			.function = xstrdup(query_text(loader->stack, 1)),
			.file = xstrdup(query_text(loader->stack, 2)),
			.module = xstrdup(query_text(loader->stack, 6)),
			.symbol = xstrdup(query_text(loader->stack, 7)),
			.column = query_int(loader->stack, 8),
			.line = query_int(loader->stack, 3),
			.is_wrapper = query_int(loader->stack, 4) != 0,
			.is_startup = query_int(loader->stack, 5) != 0,
		};
		id = query_int(loader->stack, 0);
	}
	query_reset(loader->stack);
	return rc < 0 ? -1 : 0;
}

void
report_stack_free(struct report_frame *frames, size_t count)
{
	for (size_t i = 0; frames && i < count; i++) {
		free(frames[i].function);
		free(frames[i].file);
		free(frames[i].module);
		free(frames[i].symbol);
	}
	free(frames);
}

int64_t
report_started(const struct rows *run)
{
	struct tm start = { 0 };

	return run->count > 0 && strptime(rows_text(run, 0, "start"), "%Y-%m-%dT%H:%M:%S", &start)
	    ? timegm(&start)
	    : 0;
}

/* A function without a name is called by its file and address. */
static bool
frame_is_nameless(const struct report_frame *frame)
{
	const char *plus = strrchr(frame->function, '+');

	return plus && strncmp(plus, "+0x", 3) == 0;
}

size_t
report_stack_main(const struct report_frame *frames, size_t count)
{
	/* a stripped _start is nameless, but what it called is known */
	if (count > 2 && frame_is_nameless(&frames[count - 1]) && frames[count - 2].is_startup)
		count--;
	while (count > 1 && frames[count - 1].is_startup)
		count--;
	return count;
}

struct report_reader {
	struct loader loader;
};

struct report_reader *
report_reader_new(struct query_db *db, struct err *err)
{
	struct report_reader *reader = xcalloc(1, sizeof(*reader));

	if (loader_init(&reader->loader, db, err) == 0)
		return reader;
	report_reader_free(reader);
	return NULL;
}

void
report_reader_free(struct report_reader *reader)
{
	if (!reader)
		return;
	loader_release(&reader->loader);
	free(reader);
}

struct report_frame *
report_reader_stack(struct report_reader *reader, long long id, size_t *count, struct err *err)
{
	struct report_frame *frames;

	if (loader_stack(&reader->loader, id, &frames, count, err) < 0) {
		report_stack_free(frames, *count);
		return NULL;
	}
	return frames ? frames : xcalloc(1, sizeof(*frames));
}

struct report_frame *
report_stack(struct query_db *db, long long id, size_t *count, struct err *err)
{
	struct report_reader *reader = report_reader_new(db, err);
	struct report_frame *frames = NULL;

	*count = 0;
	if (reader)
		frames = report_reader_stack(reader, id, count, err);
	report_reader_free(reader);
	return frames;
}

/* Functions, innermost first, without the start-up code outside main. */
static int
set_stack(struct cell *cell, struct loader *loader, int64_t id, struct err *err)
{
	struct report_frame *frames;
	size_t count;
	size_t shown;
	int rc = loader->stacks ? stacks_set(loader->stacks, cell, id, err) : 1;

	if (rc <= 0)
		return rc;
	rc = loader_stack(loader, id, &frames, &count, err);
	shown = rc == 0 && frames ? report_stack_main(frames, count) : 0;
	for (size_t i = 0; i < shown; i++)
		cell_append(cell, frames[i].function);
	cell->type = CELL_LIST; /* also when nothing was appended */
	report_stack_free(frames, count);
	return rc;
}

static int
set_list(struct cell *cell, struct loader *loader, const char *text, struct err *err)
{
	int rc;

	query_reset(loader->list);
	query_bind_text(loader->list, 1, text);
	while ((rc = query_next(loader->list, err)) > 0)
		cell_append(cell, query_text(loader->list, 0));
	query_reset(loader->list);
	cell->type = CELL_LIST; /* also when nothing was appended */
	return rc;
}

static int set_rows(struct cell *cell, struct loader *loader, const char *key, struct err *err);

static int
set_cell(struct cell *cell, enum column_kind kind, struct query *query, int at,
    struct loader *loader, struct err *err)
{
	enum query_type type = query_type(query, at);

	if (type == QUERY_NULL)
		return 0;
	if (kind == COLUMN_STACK && !loader->is_plain)
		return set_stack(cell, loader, query_int(query, at), err);
	if (kind == COLUMN_LIST)
		return set_list(cell, loader, query_text(query, at), err);
	if (kind == COLUMN_ROWS)
		return set_rows(cell, loader, query_text(query, at), err);
	/* the column decides, so that JSON has the types it promises */
	if (kind == COLUMN_TEXT || kind == COLUMN_PATH)
		cell_set_text(cell, query_text(query, at));
	else if (kind == COLUMN_STACK || (type == QUERY_INT && !column_is_real(kind)))
		cell_set_int(cell, query_int(query, at));
	else
		cell_set_real(cell, query_real(query, at));
	return 0;
}

static int
load_row(const struct report *report, struct rows *rows, struct query *query, struct loader *loader,
    struct err *err)
{
	struct cell *cells = rows_add(rows);

	for (size_t i = 0; i < report->width; i++) {
		if (set_cell(&cells[i], report->columns[i].kind, query, (int)i, loader, err) < 0)
			return -1;
	}
	return 0;
}

/* A part has no part of its own; its stacks are few, and always whole, as lists. */
static int
set_rows(struct cell *cell, struct loader *loader, const char *key, struct err *err)
{
	const struct report *part = loader->part_report;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): who has COLUMN_ROWS has a part */
	struct rows *rows = cell_set_rows(cell, part->columns, part->width);
	struct stacks *stacks = loader->stacks;
	bool is_plain = loader->is_plain;
	int rc;

	query_reset(loader->part);
	query_bind_text(loader->part, 1, key);
	loader->is_plain = false;
	loader->stacks = NULL;
	while ((rc = query_next(loader->part, err)) > 0) {
		if (load_row(part, rows, loader->part, loader, err) < 0) {
			rc = -1;
			break;
		}
	}
	loader->is_plain = is_plain;
	loader->stacks = stacks;
	query_reset(loader->part);
	return rc;
}

static struct query *
report_prepare(struct query_db *db, const struct report *report, struct err *err)
{
	struct query *query;

	query = query_prepare(db, report->sql, err);
	if (query && (size_t)query_columns(query) != report->width) {
		err_set(err, "report %s: %d columns", report->name, query_columns(query));
		query_finish(query);
		return NULL;
	}
	return query;
}

/* What a whole report is read with. */
static int
loader_prepare(struct loader *loader, struct query_db *db, const struct report *report,
    struct rows *rows, struct err *err)
{
	if (loader_init(loader, db, err) < 0)
		return -1;
	if (!loader->is_plain) {
		loader->stacks = stacks_new(db, rows, err);
		if (!loader->stacks)
			return -1;
	}
	/* functions serve the part, too */
	if (report->functions && query_add_functions(db, report->functions, err) < 0)
		return -1;
	if (report->part) {
		loader->part = report_prepare(db, report->part, err);
		if (!loader->part)
			return -1;
	}
	return 0;
}

static int
report_derive(struct query_db *db, const struct report *report, struct rows *rows, struct err *err)
{
	struct rows of;
	int rc = report_load_plain(db, report->of, &of, err);

	if (rc == 0)
		report->derive(rows, &of);
	rows_release(&of);
	return rc;
}

static int
report_read(struct query_db *db, const struct report *report, bool is_plain, struct rows *rows,
    struct err *err)
{
	struct loader loader = { .part_report = report->part, .is_plain = is_plain };
	struct query *query = NULL;
	int rc = -1;

	rows_init(rows, report->columns, report->width);
	if (report->derive)
		return report_derive(db, report, rows, err);
	if (loader_prepare(&loader, db, report, rows, err) < 0)
		goto out;
	query = report_prepare(db, report, err);
	if (!query || (report->bind && report->bind(db, query, err) < 0))
		goto out;
	while ((rc = query_next(query, err)) > 0) {
		if (load_row(report, rows, query, &loader, err) < 0) {
			rc = -1;
			break;
		}
	}
	if (rc == 0 && report->load)
		rc = report->load(db, rows, err);
	if (rc == 0 && report->finish)
		report->finish(rows);
out:
	query_finish(query);
	loader_release(&loader);
	return rc;
}

int
report_load(struct query_db *db, const struct report *report, struct rows *rows, struct err *err)
{
	return report_read(db, report, false, rows, err);
}

int
report_load_plain(
    struct query_db *db, const struct report *report, struct rows *rows, struct err *err)
{
	return report_read(db, report, true, rows, err);
}

int
report_complete(struct query_db *db, struct rows *rows, size_t row, struct err *err)
{
	struct cell *cells = rows->cells + row * rows->width;
	struct loader loader = { .part = NULL };
	int rc = loader_init(&loader, db, err);

	for (size_t i = 0; rc == 0 && i < rows->width; i++) {
		int64_t id = cells[i].integer;

		if (rows->columns[i].kind != COLUMN_STACK || cells[i].type != CELL_INT)
			continue;
		cells[i] = (struct cell){ .type = CELL_NULL };
		rc = set_stack(&cells[i], &loader, id, err);
	}
	loader_release(&loader);
	return rc;
}
