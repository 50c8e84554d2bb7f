/* esc diff: what has changed from one run to another. */
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/filter_options.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/output.h"
#include "analyzer/cmd/page_file.h"
#include "analyzer/cmd/pager.h"
#include "analyzer/cmd/path_options.h"
#include "analyzer/cmd/source.h"
#include "analyzer/export/export.h"
#include "analyzer/export/tree.h"
#include "analyzer/format/format.h"
#include "analyzer/report/compare.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "web/server/shelf.h"

extern const struct cmd cmd_diff;

enum { DIFF_FORMAT = OPTIONS_KEY, DIFF_METRIC, DIFF_INVERTED };

static const struct option_def diff_options[] = {
	{ "format", DIFF_FORMAT, "FORMAT", "text, json, csv, columns, html, svg or folded" },
	{ "metric", DIFF_METRIC, "METRIC",
	    "blocks, bytes, stackable-blocks, stackable-bytes or cost" },
	{ "inverted", DIFF_INVERTED, NULL, "stacks from the allocating function outwards" },
	{ "output", 'o', "FILE", "write there; - is stdout, as without it" },
	{ "force", 'f', NULL, "replace FILE if it is there" },
	FILTER_OPTIONS,
	PATH_OPTIONS,
	PATH_OPTIONS_BEFORE,
	SOURCE_OPTIONS,
	{ NULL, 0, NULL, NULL },
};

struct options {
	struct source_options source;
	struct path_sides sides;
	struct output output;
	struct export_options stacks;
	const struct format *format; /* one of these three, or a page */
	const struct export *export;
	bool is_page;
	bool has_stacks; /* --metric or --inverted */
};

static void
options_take(struct options *options, int key)
{
	switch (key) {
	case DIFF_FORMAT:
		options->format = format_find(optarg);
		options->export = options->format ? NULL : export_find(optarg);
		options->is_page = strcmp(optarg, "html") == 0;
		if (options->export && !options->export->compares)
			options->export = NULL;
		if (!options->format && !options->export && !options->is_page)
			options_usage(&cmd_diff, "no format %s", optarg);
		break;
	case DIFF_METRIC:
		options->stacks.metric = output_metric(&cmd_diff, optarg);
		options->has_stacks = true;
		break;
	case DIFF_INVERTED: options->has_stacks = options->stacks.is_inverted = true; break;
	default:
		output_option(&options->output, key);
		filter_option(&options->output.filter, &cmd_diff, key);
		source_option(&options->source, &cmd_diff, key);
		path_option_of_two(&options->sides, &cmd_diff, key);
		break;
	}
}

static void
options_judge(struct options *options, int files)
{
	bool is_stdout = strcmp(options->output.path, "-") == 0;

	if (files != 2)
		options_usage(&cmd_diff, "two files: before and after");
	if (options->has_stacks && !options->export)
		options_usage(&cmd_diff, "--metric and --inverted are for svg and folded");
	options->output.is_for_browsers =
	    options->export && strcmp(options->export->name, "svg") == 0;
	if (options->is_page && is_stdout && isatty(STDOUT_FILENO))
		options_usage(&cmd_diff, "a page is of no use on a terminal: -o OUT.html");
}

/* ---- the formats */

struct diff_table {
	struct compare compare;
	const struct format *format;
};

static int
diff_put(void *data, FILE *out, struct err *err)
{
	struct diff_table *table = data;

	(void)err;
	compare_write(&table->compare, table->format, out);
	return 0;
}

static int
diff_table(
    const struct options *options, struct query_db *before, struct query_db *after, struct err *err)
{
	struct diff_table table = { .format = options->format };
	int rc = compare_load(&table.compare, before, after, options->sides.paths, err);

	if (rc == 0 && strcmp(options->output.path, "-") == 0) {
		pager_start();
		diff_put(&table, stdout, err);
		pager_end();
	} else if (rc == 0) {
		rc = output_whole(&options->output, diff_put, &table, err);
		if (rc == 0)
			cmd_note("wrote %s", options->output.path);
	}
	compare_release(&table.compare);
	return rc;
}

/* The page of esc serve, opened where it has both runs. */
static int
diff_page(const struct options *options, char **files, struct err *err)
{
	struct page_file how = { &options->source, &options->output.filter, NULL };
	struct shelf shelf;
	int rc = 0;

	shelf_init(&shelf);
	shelf.view = "compare";
	for (size_t i = 0; rc == 0 && i < SHELF_RUNS; i++) {
		how.paths = &options->sides.paths[i];
		rc = page_file_load(&how, &shelf, i, files[i], err);
	}
	if (rc == 0)
		rc = page_file_write(&options->output, &shelf, err);
	shelf_release(&shelf);
	return rc;
}

static int
diff_run(struct options *options, char **files)
{
	const struct filter *filter = &options->output.filter;
	struct query_db *before, *after = NULL;
	struct err err = { "" };
	int status;

	if (options->is_page)
		return diff_page(options, files, &err) < 0 ? cmd_fail(&err) : cmd_finish();
	before = filter_open(files[0], &options->source, filter, &err);
	if (before)
		after = filter_open(files[1], &options->source, filter, &err);
	options->stacks.before = before;
	if (!after)
		status = cmd_fail(&err);
	else if (options->export)
		status =
		    output_export_db(&options->output, options->export, &options->stacks, after);
	else
		status =
		    diff_table(options, before, after, &err) < 0 ? cmd_fail(&err) : cmd_finish();
	query_close(before);
	query_close(after);
	return status;
}

static int
diff_main(int argc, char **argv)
{
	struct options options = { .format = format_find("text"),
		.output.path = "-",
		.stacks.metric = tree_metric_at(0) };
	int status;
	int key;

	while ((key = options_next(&cmd_diff, argc, argv)) != OPTIONS_END)
		options_take(&options, key);
	options_judge(&options, argc - optind);
	status = diff_run(&options, argv + optind);
	source_release(&options.source);
	path_release_two(&options.sides);
	return status;
}

const struct cmd cmd_diff = {
	.name = "diff",
	.usage = "[OPTION...] A B",
	.summary = "tell what has changed from one run to another",
	.options = diff_options,
	.run = diff_main,
};
