/* esc run: record, analyze and report in one go. */
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/record.h"
#include "analyzer/cmd/record_options.h"

extern const struct cmd cmd_run;

static const struct option_def run_options[] = {
	RECORD_OPTIONS,
	{ NULL, 0, NULL, NULL },
};

/* Analyzes it on the way. */
static int
run_report(const struct record *record)
{
	const struct cmd *report = cmd_find("report");
	char *trace = record_trace_last(record);
	char name[] = "report";
	char *argv[] = { name, trace, NULL };
	int status = CMD_FAILED;

	if (!record->running)
		record_trace_settle(trace);
	if (report != NULL)
		status = report->run(2, argv);
	else
		cmd_note("this esc was built without reports");
	free(trace);
	return status;
}

static int
run_main(int argc, char **argv)
{
	struct record record = { .trace_fd = -1 };
	int shown = CMD_OK;
	int status;

	record_options_read(&cmd_run, &record, argc, argv);
	status = record_run(&record);
	if (status == CMD_OK && record.trace != NULL)
		shown = run_report(&record);
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
