/* esc query: SQL on what was found. */
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/pager.h"
#include "analyzer/cmd/source.h"
#include "analyzer/format/format.h"
#include "analyzer/format/rows.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"

extern const struct cmd cmd_query;

enum {
	QUERY_FORMAT = OPTIONS_KEY,
	QUERY_DEADLINE,
	QUERY_ROWS = 1000000, /* they are kept in memory, for the widths */
};

static const struct option_def query_options[] = {
	{ "format", QUERY_FORMAT, "FORMAT", "text, json or csv" },
	{ "deadline", QUERY_DEADLINE, "SECONDS", "how long it may take (60; 0: no end)" },
	{ NULL, 0, NULL, NULL },
};

/* Columns named as the statement names them. */
static struct column *
columns_new(const struct query *query, size_t width)
{
	struct column *columns = xcalloc(width, sizeof(*columns));

	for (size_t i = 0; i < width; i++) {
		columns[i].name = xstrdup(query_name(query, (int)i));
		columns[i].title = columns[i].name;
		columns[i].kind = COLUMN_TEXT;
	}
	return columns;
}

static void
columns_free(struct column *columns, size_t width)
{
	for (size_t i = 0; i < width; i++)
		free((void *)(uintptr_t)columns[i].name);
	free(columns);
}

static void
row_take(struct rows *rows, struct column *columns, const struct query *query)
{
	struct cell *cells = rows_add(rows);

	for (size_t i = 0; i < rows->width; i++) {
		switch (query_type(query, (int)i)) {
		case QUERY_INT: cell_set_int(&cells[i], query_int(query, (int)i)); break;
		case QUERY_REAL: cell_set_real(&cells[i], query_real(query, (int)i)); break;
		case QUERY_TEXT: cell_set_text(&cells[i], query_text(query, (int)i)); break;
		case QUERY_NULL: continue;
		}
		/* numbers stand to the right when the first one does */
		if (columns[i].kind == COLUMN_TEXT && rows->count == 1 &&
		    cells[i].type != CELL_TEXT)
			columns[i].kind = COLUMN_REAL;
	}
}

static int
query_write(struct query *query, const struct format *format, struct err *err)
{
	size_t width = (size_t)query_columns(query);
	struct column *columns = columns_new(query, width);
	struct format_part part = { .name = "rows" };
	struct format_document document = { .parts = &part, .count = 1 };
	struct rows rows;
	int rc;

	rows_init(&rows, columns, width);
	while ((rc = query_next(query, err)) > 0) {
		if (rows.count >= QUERY_ROWS) {
			rc = err_set(err, "more than %d rows: add a LIMIT", QUERY_ROWS);
			break;
		}
		row_take(&rows, columns, query);
	}
	part.rows = &rows;
	if (rc == 0) {
		pager_start();
		format->write(&document, stdout);
		pager_end();
	}
	rows_release(&rows);
	columns_free(columns, width);
	return rc;
}

static int
query_main(int argc, char **argv)
{
	const struct format *format = format_find("text");
	unsigned deadline = 60;
	struct err err = { "" };
	struct query_db *db;
	struct query *query = NULL;
	int status = CMD_FAILED;
	int key;

	while ((key = options_next(&cmd_query, argc, argv)) != OPTIONS_END) {
		if (key == QUERY_FORMAT)
			format = format_find(optarg);
		if (!format)
			options_usage(&cmd_query, "no format %s", optarg);
		if (key == QUERY_DEADLINE)
			deadline = (unsigned)options_number(&cmd_query, "deadline", 0, 1000000);
	}
	if (argc - optind < 1 || argc - optind > 2)
		options_usage(&cmd_query, "a file and a SELECT are wanted");
	db = source_open(argc - optind == 2 ? argv[optind] : NULL, NULL, &err);
	if (db) {
		query_set_deadline(db, deadline);
		query = query_prepare(db, argv[argc - 1], &err);
	}
	if (query && query_write(query, format, &err) == 0)
		status = cmd_finish();
	else
		cmd_fail(&err);
	query_finish(query);
	query_close(db);
	return status;
}

const struct cmd cmd_query = {
	.name = "query",
	.usage = "[OPTION...] [FILE] SELECT",
	.summary = "ask the database in SQL, see esc-db(5)",
	.options = query_options,
	.run = query_main,
};
