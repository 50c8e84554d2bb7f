/* esc run: record, analyze and report in one go. */
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/progress.h"
#include "analyzer/cmd/record.h"
#include "analyzer/cmd/record_options.h"
#include "analyzer/ingest/ingest.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"

extern const struct cmd cmd_run;

static const struct option_def run_options[] = {
	RECORD_OPTIONS,
	{NULL, 0, NULL, NULL},
};

static int
run_analyze(const char *trace, const char *database)
{
	struct ingest_options options = {
		.traces = &trace,
		.trace_count = 1,
		.database = database,
	};
	struct progress progress;
	struct err err;
	int status;

	progress_start(&progress, "analyzing");
	options.progress = progress_show;
	options.progress_data = &progress;
	status = ingest_run(&options, &err);
	progress_end(&progress);
	return status == 0 ? CMD_OK : cmd_fail(&err);
}

static int
run_report(char *database)
{
	const struct cmd *report = cmd_find("report");
	char name[] = "report";
	char *argv[] = {name, database, NULL};

	if (report == NULL) {
		cmd_note("this esc was built without reports; see %s",
		    database);
		return CMD_FAILED;
	}
	return report->run(2, argv);
}

static int
run_show(const struct record *record)
{
	char *trace = record_trace_last(record);
	char *database = xasprintf("%s.db", trace);
	int status = run_analyze(trace, database);

	if (status == CMD_OK)
		status = run_report(database);
	free(database);
	free(trace);
	return status;
}

static int
run_main(int argc, char **argv)
{
	struct record record = {.trace_fd = -1};
	int shown = CMD_OK;
	int status;

	record_options_read(&cmd_run, &record, argc, argv);
	status = record_run(&record);
	if (status == CMD_OK && record.trace != NULL)
		shown = run_show(&record);
	if (status == CMD_OK)
		status = record_exit(&record);
	if (status == 0 && shown != CMD_OK)
		status = CMD_RECORD_FAILED;
	record_release(&record);
	return status;
}

const struct cmd cmd_run = {
	.name = "run",
	.usage = "[OPTION...] [--] PROG [ARG...]",
	.summary = "run a program, then report what did not escape",
	.options = run_options,
	.run = run_main,
	.program = true,
};
