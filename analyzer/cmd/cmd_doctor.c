/* esc doctor: what will not work, before a run. */
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/doctor.h"
#include "analyzer/cmd/options.h"
#include "analyzer/util/json.h"
#include "analyzer/util/term.h"

extern const struct cmd cmd_doctor;

enum { DOCTOR_FORMAT = OPTIONS_KEY };

static const struct option_def doctor_options[] = {
	{ "format", DOCTOR_FORMAT, "FORMAT", "text or json" },
	{ NULL, 0, NULL, NULL },
};

static const char *const levels[] = { "ok", "warning", "problem" };

static void
doctor_text(const struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->count; i++) {
		const struct doctor_finding *finding = &doctor->list[i];

		printf("%-8s %-19s ", levels[finding->level], finding->what);
		term_puts(stdout, finding->text);
		putchar('\n');
		if (finding->advice) {
			printf("%-8s %-19s do: ", "", "");
			term_puts(stdout, finding->advice);
			putchar('\n');
		}
	}
}

static void
doctor_json(const struct doctor *doctor)
{
	struct json json;

	json_start(&json, stdout);
	json_begin_object(&json);
	json_key(&json, "schema");
	json_string(&json, "esc-doctor/1");
	json_key(&json, "worst");
	json_string(&json, levels[doctor_worst(doctor)]);
	json_key(&json, "findings");
	json_begin_array(&json);
	for (size_t i = 0; i < doctor->count; i++) {
		const struct doctor_finding *finding = &doctor->list[i];

		json_begin_object(&json);
		json_key(&json, "level");
		json_string(&json, levels[finding->level]);
		json_key(&json, "what");
		json_string(&json, finding->what);
		json_key(&json, "text");
		json_string(&json, finding->text);
		json_key(&json, "advice");
		json_string(&json, finding->advice);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_end_object(&json);
	putchar('\n');
}

static int
doctor_main(int argc, char **argv)
{
	struct doctor doctor = { .list = NULL };
	bool is_json = false;
	int status;

	while (options_next(&cmd_doctor, argc, argv) != OPTIONS_END) {
		is_json = strcmp(optarg, "json") == 0;
		if (!is_json && strcmp(optarg, "text") != 0)
			options_usage(&cmd_doctor, "no format %s", optarg);
	}
	doctor_machine(&doctor);
	if (optind < argc)
		doctor_program(&doctor, argv + optind);
	if (is_json)
		doctor_json(&doctor);
	else
		doctor_text(&doctor);
	status = cmd_finish();
	if (status == CMD_OK && doctor_worst(&doctor) == DOCTOR_PROBLEM)
		status = CMD_FAILED;
	doctor_release(&doctor);
	return status;
}

const struct cmd cmd_doctor = {
	.name = "doctor",
	.usage = "[OPTION...] [PROG]",
	.summary = "tell before a run what will not work",
	.options = doctor_options,
	.run = doctor_main,
};
