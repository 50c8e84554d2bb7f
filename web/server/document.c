#include "web/server/document.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/format/format.h"
#include "analyzer/format/rows.h"
#include "analyzer/report/advice.h"
#include "analyzer/report/order.h"
#include "analyzer/report/report.h"
#include "analyzer/util/err.h"
#include "analyzer/util/paths.h"
#include "analyzer/util/xalloc.h"
#include "web/server/parameters.h"

struct document {
	struct rows run;
	struct rows sites;
	struct rows modules;
	struct rows threads;
};

/* What a request asks for. */
struct document_choice {
	const char *order; /* a column */
	const char *verdicts;
	const char *text;
	uint64_t offset;
	uint64_t count;
};

struct document *
document_new(struct query_db *db, const struct paths *paths, struct err *err)
{
	struct document *document = xcalloc(1, sizeof(*document));

	if (report_load(db, report_find("run"), &document->run, err) < 0 ||
	    report_load(db, report_find("sites"), &document->sites, err) < 0 ||
	    report_load(db, report_find("modules"), &document->modules, err) < 0 ||
	    report_load(db, report_find("threads"), &document->threads, err) < 0)
		goto fail;
	if (document->run.count == 0) {
		err_set(err, "the database holds no run");
		goto fail;
	}
	rows_show_paths(&document->sites, "file", paths);
	rows_show_paths(&document->sites, ".owner_file", paths);
	return document;
fail:
	document_free(document);
	return NULL;
}

void
document_free(struct document *document)
{
	if (!document)
		return;
	rows_release(&document->run);
	rows_release(&document->sites);
	rows_release(&document->modules);
	rows_release(&document->threads);
	free(document);
}

unsigned
document_info(const struct document *document, const struct parameters *parameters, FILE *out,
    const char **why)
{
	const struct format_part parts[] = {
		{ "run", &document->run, true },
		{ "threads", &document->threads, false },
		{ "modules", &document->modules, false },
	};
	const struct format_document whole = {
		.schema = "esc-info/1",
		.parts = parts,
		.count = sizeof(parts) / sizeof(*parts),
	};

	if (parameters->count > 0) {
		*why = "no parameters";
		return 400;
	}
	format_find("json")->write(&whole, out);
	return 200;
}

/* NULL: it makes sense. */
static const char *
document_choose(struct document_choice *choice, const struct parameters *parameters)
{
	static const char *const known[] = { "sort", "verdict", "text", "offset", "count", NULL };
	const char *sort = parameters_find(parameters, "sort");

	*choice = (struct document_choice){ .count = DOCUMENT_COUNT };
	choice->order = order_find(sort ? sort : "cost");
	choice->verdicts = parameters_find(parameters, "verdict");
	choice->text = parameters_find(parameters, "text");
	if (parameters_known(parameters, known) < 0)
		return "parameters are sort, verdict, text, offset and count";
	if (!choice->order)
		return "sort is cost, blocks, bytes or saved";
	if (parameters_number(parameters, "offset", 0, UINT32_MAX, &choice->offset) < 0)
		return "offset is a number";
	if (parameters_number(parameters, "count", 0, DOCUMENT_MOST, &choice->count) < 0)
		return "count is a number of at most 10000";
	return NULL;
}

static bool
document_is_chosen(const struct document_choice *choice, const struct rows *sites, size_t row)
{
	static const char *const columns[] = { "function", "file", "module" };

	if (choice->verdicts &&
	    !advice_is_among(choice->verdicts, rows_text(sites, row, "verdict")))
		return false;
	if (!choice->text)
		return true;
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		if (strcasestr(rows_text(sites, row, columns[i]), choice->text))
			return true;
	return false;
}

/* The chosen rows; their cells are the document's, only the array is new. */
static struct rows
document_view(const struct document *document, const struct document_choice *choice)
{
	const struct rows *sites = &document->sites;
	struct rows view;

	rows_init(&view, sites->columns, sites->width);
	for (size_t i = 0; i < sites->count; i++)
		if (document_is_chosen(choice, sites, i))
			memcpy(rows_add(&view), sites->cells + i * sites->width,
			    sites->width * sizeof(*sites->cells));
	rows_sort(&view, choice->order);
	return view;
}

unsigned
document_sites(const struct document *document, const struct parameters *parameters, FILE *out,
    const char **why)
{
	static const struct column columns[] = {
		{ "offset", NULL, COLUMN_INT },
		{ "count", NULL, COLUMN_INT },
		{ "total", NULL, COLUMN_INT },
	};
	struct document_choice choice;
	struct rows view, page, place;
	struct cell *cells;

	*why = document_choose(&choice, parameters);
	if (*why)
		return 400;
	view = document_view(document, &choice);
	page = view;
	if (choice.offset > view.count)
		choice.offset = view.count;
	page.cells += choice.offset * page.width;
	page.count -= choice.offset;
	if (page.count > choice.count)
		page.count = choice.count;
	rows_init(&place, columns, sizeof(columns) / sizeof(*columns));
	cells = rows_add(&place);
	cell_set_int(&cells[0], (int64_t)choice.offset);
	cell_set_int(&cells[1], (int64_t)page.count);
	cell_set_int(&cells[2], (int64_t)view.count);
	{
		const struct format_part parts[] = {
			{ "run", &document->run, true },
			{ "page", &place, true },
			{ "sites", &page, false },
		};
		const struct format_document whole = { "esc-report/1", parts, 3 };

		format_find("json")->write(&whole, out);
	}
	rows_release(&place);
	free(view.cells);
	return 200;
}
