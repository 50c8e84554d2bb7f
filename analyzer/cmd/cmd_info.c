/* esc info: what ran, what was counted, recorded and lost. */
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/pager.h"
#include "analyzer/cmd/source.h"
#include "analyzer/format/format.h"
#include "analyzer/report/info.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"

extern const struct cmd cmd_info;

enum { INFO_FORMAT = OPTIONS_KEY };

static const struct option_def info_options[] = {
	{ "format", INFO_FORMAT, "FORMAT", "text, json or columns" },
	{ NULL, 0, NULL, NULL },
};

static int
info_print(const struct format *format, struct query_db *db, struct err *err)
{
	struct info info;
	int rc = info_load(&info, db, NULL, err);

	if (rc == 0) {
		pager_start();
		info_write(&info, format, stdout);
		pager_end();
	}
	info_release(&info);
	return rc;
}

static int
info_main(int argc, char **argv)
{
	const struct format *format = format_find("text");
	struct err err = { "" };
	struct query_db *db;
	int status = CMD_FAILED;

	while (options_next(&cmd_info, argc, argv) != OPTIONS_END) {
		format = format_find(optarg);
		if (!format || strcmp(format->name, "csv") == 0)
			options_usage(&cmd_info, "no format %s", optarg);
	}
	if (argc - optind > 1)
		options_usage(
		    &cmd_info, "one file at a time: esc analyze -o DB makes one of several");
	db = source_open(argv[optind], NULL, &err);
	if (db && info_print(format, db, &err) == 0)
		status = cmd_finish();
	else
		cmd_fail(&err);
	query_close(db);
	return status;
}

const struct cmd cmd_info = {
	.name = "info",
	.usage = "[OPTION...] [FILE]",
	.summary = "tell what ran, what was recorded and what was lost",
	.options = info_options,
	.run = info_main,
};
