/* esc report: what the sites of a run do, and what to do about them. */
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/filter_options.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/pager.h"
#include "analyzer/cmd/path_options.h"
#include "analyzer/cmd/source.h"
#include "analyzer/cmd/verdict_list.h"
#include "analyzer/format/format.h"
#include "analyzer/format/rows.h"
#include "analyzer/report/advice.h"
#include "analyzer/report/order.h"
#include "analyzer/report/page.h"
#include "analyzer/report/report.h"
#include "analyzer/report/site.h"
#include "analyzer/store/filter.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/paths.h"
#include "analyzer/util/term.h"

extern const struct cmd cmd_report;

enum {
	REPORT_SORT = OPTIONS_KEY,
	REPORT_VERDICT,
	REPORT_TOP,
	REPORT_FORMAT,
	REPORT_SITE,
	REPORT_BY,
	REPORT_COLOR,
	REPORT_COLUMNS = 100,
	REPORT_COLUMNS_MIN = 80,
	REPORT_COLUMNS_MAX = 140,
};

static const struct option_def report_options[] = {
	{ "sort", REPORT_SORT, "KEY", "order of the sites: cost, blocks, bytes, peak, saved" },
	{ "verdict", REPORT_VERDICT, "V,...", "only sites of these verdicts" },
	{ "top", REPORT_TOP, "N", "only the first N sites" },
	{ "site", REPORT_SITE, "SITE", "one site: its number, FUNCTION or FILE:LINE" },
	{ "by", REPORT_BY, "WHAT", "the sites by what: process" },
	{ "format", REPORT_FORMAT, "FORMAT", "text, json, csv or columns" },
	PATH_OPTIONS,
	FILTER_OPTIONS,
	SOURCE_OPTIONS,
	{ "color", REPORT_COLOR, "WHEN", "auto, always or never" },
	{ NULL, 0, NULL, NULL },
};

/* By what can be saved where that matters, else by cost, as the rows come. */
static const char page_order[] = ".gain";

struct options {
	struct source_options source;
	struct filter filter;
	struct paths paths;
	const char *order; /* a column; NULL: the format's own */
	const char *verdicts;
	size_t top;
	const struct format *format;
	const char *site; /* NULL: all */
	bool by_process;
	enum term_color color;
};

struct tables {
	struct rows run;
	struct rows sites;
	struct rows all; /* loaded only where sites are some of them */
	struct rows modules;
};

static void
options_take(struct options *options, int key)
{
	switch (key) {
	case REPORT_SORT:
		options->order = order_find(optarg);
		if (!options->order)
			options_usage(&cmd_report, "no order %s: %s", optarg, order_names);
		break;
	case REPORT_VERDICT:
		verdict_list_check(&cmd_report, optarg);
		options->verdicts = optarg;
		break;
	case REPORT_TOP:
		options->top = (size_t)options_number(&cmd_report, "top", 1, 1000000);
		break;
	case REPORT_FORMAT:
		options->format = format_find(optarg);
		if (!options->format)
			options_usage(&cmd_report, "no format %s", optarg);
		break;
	case REPORT_SITE: options->site = optarg; break;
	case REPORT_BY:
		if (strcmp(optarg, "process") != 0)
			options_usage(&cmd_report, "--by=%s: by what? It knows process", optarg);
		options->by_process = true;
		break;
	case REPORT_COLOR:
		if (term_color_parse(optarg, &options->color) < 0)
			options_usage(&cmd_report, "--color is auto, always or never");
		break;
	default:
		source_option(&options->source, &cmd_report, key);
		path_option(&options->paths, &cmd_report, key);
		filter_option(&options->filter, &cmd_report, key);
		break;
	}
}

/* Keeps the rows of the verdicts that were asked for. */
static void
tables_filter(struct rows *sites, const char *verdicts)
{
	size_t kept = 0;

	for (size_t i = 0; i < sites->count; i++) {
		struct cell *to = sites->cells + kept * sites->width;
		struct cell *from = sites->cells + i * sites->width;

		if (!advice_is_among(verdicts, rows_text(sites, i, "verdict")))
			continue;
		for (size_t j = 0; kept != i && j < sites->width; j++) {
			struct cell cell = to[j];

			to[j] = from[j];
			from[j] = cell;
		}
		kept++;
	}
	rows_cut(sites, kept);
}

/* is_plain: of stacks nothing will be written, or little. */
static int
tables_load(
    struct tables *tables, struct query_db *db, bool is_plain, bool filtered, struct err *err)
{
	const struct report *sites = report_find("sites");

	*tables = (struct tables){ .run = { .columns = NULL } };
	if (report_load(db, report_find("run"), &tables->run, err) < 0 ||
	    (is_plain ? report_load_plain : report_load)(db, sites, &tables->sites, err) < 0 ||
	    (filtered && report_load_plain(db, sites, &tables->all, err) < 0) ||
	    report_load(db, report_find("modules"), &tables->modules, err) < 0)
		return -1;
	if (tables->run.count == 0)
		return err_set(err, "the database holds no run");
	return 0;
}

static void
tables_release(struct tables *tables)
{
	rows_release(&tables->run);
	rows_release(&tables->sites);
	rows_release(&tables->all);
	rows_release(&tables->modules);
}

static void
page_set(struct page *page, const struct options *options, const struct tables *tables)
{
	*page = (struct page){
		.out = stdout,
		.columns = term_columns(stdout, REPORT_COLUMNS),
		.is_colored = term_color_wanted(stdout, options->color),
		.is_by_peak = options->order != NULL && options->order == order_find("peak"),
		.top = options->top,
		.paths = &options->paths,
		.run = &tables->run,
		.sites = &tables->sites,
		.all = options->verdicts ? &tables->all : &tables->sites,
		.modules = &tables->modules,
	};

	if (page->columns < REPORT_COLUMNS_MIN)
		page->columns = REPORT_COLUMNS_MIN;
	if (page->columns > REPORT_COLUMNS_MAX)
		page->columns = REPORT_COLUMNS_MAX;
}

static int
write_page(const struct options *options, const struct tables *tables, struct query_db *db,
    struct err *err)
{
	struct page page;
	int rc;

	page_set(&page, options, tables);
	pager_start();
	rc = page_write(&page, db, err);
	pager_end();
	return rc;
}

static void
write_document(const struct options *options, const struct tables *tables)
{
	const struct format_part parts[] = {
		{ "run", &tables->run, true },
		{ "sites", &tables->sites, false },
	};
	const struct format_document document = {
		.schema = "esc-report/1",
		.parts = parts,
		.count = sizeof(parts) / sizeof(*parts),
	};

	options->format->write(&document, stdout);
}

/* --by=process: whatever the format, tables. */
static int
write_by_process(const struct options *options, struct query_db *db, struct err *err)
{
	const struct report *reports[] = { report_find("processes"), report_find("process_sites") };
	struct rows rows[2] = { { .columns = NULL } };
	struct format_part parts[2];
	int rc = 0;

	for (size_t i = 0; i < 2 && rc == 0; i++) {
		rc = report_load(db, reports[i], &rows[i], err);
		parts[i] = (struct format_part){ reports[i]->name, &rows[i], false };
	}
	if (rc == 0) {
		rows_show_paths(&rows[1], "file", &options->paths);
		if (options->verdicts)
			tables_filter(&rows[1], options->verdicts);
		if (options->top)
			rows_cut(&rows[1], options->top);
		options->format->write(
		    &(struct format_document){
			.schema = "esc-processes/1", .parts = parts, .count = 2 },
		    stdout);
	}
	rows_release(&rows[0]);
	rows_release(&rows[1]);
	return rc;
}

/* Those that are meant: as text all of them, as JSON the one. */
static int
write_sites(const struct options *options, const struct tables *tables, struct query_db *db,
    struct err *err)
{
	bool is_text = strcmp(options->format->name, "text") == 0;
	const struct site site = { &tables->run, &tables->sites, &options->paths };
	struct page page;
	size_t found = 0;
	size_t row = 0;
	int rc = 0;

	page_set(&page, options, tables);
	for (size_t i = 0; i < tables->sites.count; i++) {
		if (site_is(&tables->sites, i, options->site)) {
			row = i;
			found++;
		}
	}
	if (found == 0)
		return err_set(
		    err, "%s: no such site (esc report --format=csv lists them)", options->site);
	if (!is_text && found > 1)
		return err_set(err, "%s: that is %zu sites; give the id of one, or FILE:LINE",
		    options->site, found);
	if (!is_text)
		return site_write(&site, db, row, stdout, err);
	pager_start();
	for (size_t i = 0; rc == 0 && i < tables->sites.count; i++) {
		if (site_is(&tables->sites, i, options->site))
			rc = page_write_site(&page, db, i, err);
	}
	pager_end();
	return rc;
}

static int
report_write(const struct options *options, struct query_db *db, struct err *err)
{
	bool is_page = strcmp(options->format->name, "text") == 0;
	const char *order = options->order ? options->order
	    : is_page                      ? page_order
					   : order_find("cost");
	struct tables tables;
	bool is_plain = is_page || options->site || strcmp(options->format->name, "columns") == 0;
	int rc = tables_load(&tables, db, is_plain, options->verdicts != NULL, err);

	if (rc == 0) {
		rows_show_paths(&tables.sites, "file", &options->paths);
		rows_show_paths(&tables.sites, ".owner_file", &options->paths);
		rows_show_paths(&tables.all, "file", &options->paths);
		if (options->verdicts)
			tables_filter(&tables.sites, options->verdicts);
		rows_sort(&tables.sites, order);
		if (options->top && !is_page)
			rows_cut(&tables.sites, options->top);
		if (options->site)
			rc = write_sites(options, &tables, db, err);
		else if (is_page)
			rc = write_page(options, &tables, db, err);
		else
			write_document(options, &tables);
	}
	tables_release(&tables);
	return rc;
}

static int
report_main(int argc, char **argv)
{
	struct options options = { .format = format_find("text") };
	struct query_db *db;
	struct err err = { "" };
	int status = CMD_FAILED;
	int key;

	while ((key = options_next(&cmd_report, argc, argv)) != OPTIONS_END)
		options_take(&options, key);
	if (argc - optind > 1)
		options_usage(
		    &cmd_report, "one file at a time: esc analyze -o DB makes one of several");
	if (options.site && options.by_process)
		options_usage(&cmd_report, "--by=process and --site do not go together");
	if (options.site && strcmp(options.format->name, "text") != 0 &&
	    strcmp(options.format->name, "json") != 0)
		options_usage(&cmd_report, "one site is text or json");
	db = filter_open(argv[optind], &options.source, &options.filter, &err);
	if (db &&
	    (options.by_process ? write_by_process(&options, db, &err)
				: report_write(&options, db, &err)) == 0)
		status = cmd_finish();
	else
		cmd_fail(&err);
	query_close(db);
	source_release(&options.source);
	paths_release(&options.paths);
	return status;
}

const struct cmd cmd_report = {
	.name = "report",
	.usage = "[OPTION...] [FILE]",
	.summary = "report what did not escape, and what it costs",
	.options = report_options,
	.run = report_main,
};
