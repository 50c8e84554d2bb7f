/* esc diff: what has changed from one run to another. */
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/pager.h"
#include "analyzer/cmd/path_options.h"
#include "analyzer/cmd/source.h"
#include "analyzer/format/format.h"
#include "analyzer/report/compare.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/paths.h"

extern const struct cmd cmd_diff;

enum { DIFF_FORMAT = OPTIONS_KEY };

static const struct option_def diff_options[] = {
	{ "format", DIFF_FORMAT, "FORMAT", "text, json, csv or columns" },
	PATH_OPTIONS,
	SOURCE_OPTIONS,
	{ NULL, 0, NULL, NULL },
};

static int
diff_print(const struct format *format, const struct paths *paths, struct query_db *before,
    struct query_db *after, struct err *err)
{
	struct compare compare;
	int rc = compare_load(&compare, before, after, err);

	if (rc == 0) {
		rows_show_paths(&compare.parts[COMPARE_CHANGES], "file", paths);
		pager_start();
		compare_write(&compare, format, stdout);
		pager_end();
	}
	compare_release(&compare);
	return rc;
}

static int
diff_main(int argc, char **argv)
{
	const struct format *format = format_find("text");
	struct source_options source = { 0 };
	struct paths paths = { 0 };
	struct query_db *before, *after = NULL;
	struct err err = { "" };
	int status = CMD_FAILED;
	int key;

	while ((key = options_next(&cmd_diff, argc, argv)) != OPTIONS_END) {
		source_option(&source, &cmd_diff, key);
		path_option(&paths, &cmd_diff, key);
		if (key == DIFF_FORMAT)
			format = format_find(optarg);
		if (!format)
			options_usage(&cmd_diff, "no format %s", optarg);
	}
	if (argc - optind != 2)
		options_usage(&cmd_diff, "two files: before and after");
	before = source_open(argv[optind], &source, &err);
	if (before)
		after = source_open(argv[optind + 1], &source, &err);
	if (after && diff_print(format, &paths, before, after, &err) == 0)
		status = cmd_finish();
	else
		cmd_fail(&err);
	query_close(before);
	query_close(after);
	source_release(&source);
	paths_release(&paths);
	return status;
}

const struct cmd cmd_diff = {
	.name = "diff",
	.usage = "[OPTION...] A B",
	.summary = "tell what has changed from one run to another",
	.options = diff_options,
	.run = diff_main,
};
