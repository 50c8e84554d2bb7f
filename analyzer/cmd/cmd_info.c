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
#include "analyzer/format/rows.h"
#include "analyzer/report/report.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"

extern const struct cmd cmd_info;

enum { INFO_FORMAT = OPTIONS_KEY, INFO_PARTS = 3 };

static const struct option_def info_options[] = {
	{ "format", INFO_FORMAT, "FORMAT", "text or json" },
	{ NULL, 0, NULL, NULL },
};

static int
info_write(const struct format *format, struct query_db *db, struct err *err)
{
	static const char *const names[INFO_PARTS] = { "run", "threads", "modules" };
	struct rows rows[INFO_PARTS] = { { .columns = NULL } };
	struct format_part parts[INFO_PARTS];
	struct format_document document = {
		.schema = "esc-info/1",
		.parts = parts,
		.count = INFO_PARTS,
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < INFO_PARTS; i++) {
		const struct report *report = report_find(names[i]);

		rc = report_load(db, report, &rows[i], err);
		parts[i] = (struct format_part){ names[i], &rows[i], report->is_single };
	}
	if (rc == 0) {
		pager_start();
		format->write(&document, stdout);
		pager_end();
	}
	for (size_t i = 0; i < INFO_PARTS; i++)
		rows_release(&rows[i]);
	return rc;
}

static int
info_main(int argc, char **argv)
{
	const struct format *format = format_find("text");
	struct err err = { "" };
	struct query_db *db;
	int status = CMD_FAILED;
	int key;

	while ((key = options_next(&cmd_info, argc, argv)) != OPTIONS_END) {
		format = format_find(optarg);
		if (!format || strcmp(format->name, "csv") == 0)
			options_usage(&cmd_info, "no format %s", optarg);
	}
	if (argc - optind > 1)
		options_usage(&cmd_info, "one file at a time");
	db = source_open(argv[optind], NULL, &err);
	if (db && info_write(format, db, &err) == 0)
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
