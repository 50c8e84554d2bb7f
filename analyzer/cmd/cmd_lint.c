/* esc lint: the verdicts as compilers and their tools say such things. */
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/filter_options.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/path_options.h"
#include "analyzer/cmd/source.h"
#include "analyzer/cmd/suppression_notes.h"
#include "analyzer/cmd/verdict_list.h"
#include "analyzer/lint/finding.h"
#include "analyzer/lint/lint.h"
#include "analyzer/lint/suppressions.h"
#include "analyzer/store/filter.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/paths.h"
#include "analyzer/util/show.h"
#include "analyzer/util/term.h"

extern const struct cmd cmd_lint;

enum {
	LINT_FORMAT = OPTIONS_KEY,
	LINT_VERDICT,
	LINT_MIN_BLOCKS,
	LINT_PROVED,
	LINT_TOP,
	LINT_SUPPRESSIONS,
	LINT_ERROR,
	LINT_COLOR,
	LINT_BLOCKS = 60, /* so many without an escape leave a rate of 5 % at most */
	LINT_COLUMNS = 100,
};

static const struct option_def lint_options[] = {
	{ "format", LINT_FORMAT, "FORMAT", "gcc, sarif, github or remarks" },
	{ "verdict", LINT_VERDICT, "V,...",
	    "sites of these verdicts (stack,buffer,caller,reuse,mixed)" },
	{ "min-blocks", LINT_MIN_BLOCKS, "N", "only sites with so many blocks (60)" },
	{ "proved", LINT_PROVED, NULL, "only sites with no block that is presumed" },
	{ "top", LINT_TOP, "N", "only the first N sites" },
	{ "suppressions", LINT_SUPPRESSIONS, "FILE", "sites that are left as they are" },
	{ "error", LINT_ERROR, NULL, "exit with 1 if there is a warning" },
	PATH_OPTIONS,
	FILTER_OPTIONS,
	SOURCE_OPTIONS,
	{ "color", LINT_COLOR, "WHEN", "auto, always or never" },
	{ NULL, 0, NULL, NULL },
};

struct options {
	struct source_options source;
	struct filter filter;
	struct paths paths;
	struct finding_options finding;
	struct suppressions suppressions;
	const char *suppressed; /* the file of them; NULL: none */
	const struct lint *lint;
	size_t top;
	enum term_color color;
	bool is_error;
};

static void
options_take(struct options *options, int key)
{
	switch (key) {
	case LINT_FORMAT:
		options->lint = lint_find(optarg);
		if (!options->lint)
			options_usage(&cmd_lint, "no format %s", optarg);
		break;
	case LINT_VERDICT:
		verdict_list_check(&cmd_lint, optarg);
		options->finding.verdicts = optarg;
		break;
	case LINT_MIN_BLOCKS:
		options->finding.min_blocks =
		    (int64_t)options_number(&cmd_lint, "min-blocks", 0, INT64_MAX);
		break;
	case LINT_PROVED: options->finding.is_proved = true; break;
	case LINT_TOP: options->top = (size_t)options_number(&cmd_lint, "top", 1, 1000000); break;
	case LINT_SUPPRESSIONS: options->suppressed = optarg; break;
	case LINT_ERROR: options->is_error = true; break;
	case LINT_COLOR:
		if (term_color_parse(optarg, &options->color) < 0)
			options_usage(&cmd_lint, "--color is auto, always or never");
		break;
	default:
		source_option(&options->source, &cmd_lint, key);
		path_option(&options->paths, &cmd_lint, key);
		filter_option(&options->filter, &cmd_lint, key);
		break;
	}
}

static size_t
warnings_count(const struct findings *findings)
{
	size_t count = 0;

	for (size_t i = 0; i < findings->count; i++)
		count += findings->list[i].level == FINDING_WARNING;
	return count;
}

/* What is not shown is said, so that an empty list means what it seems to. */
static void
lint_notes(const struct options *options, const struct findings *findings, size_t found)
{
	suppression_notes(options->suppressed, &options->suppressions, findings->suppressed);
	if (findings->left_out > 0)
		cmd_note("%zu site%s left out: fewer than %lld block%s%s "
			 "(--min-blocks=0 shows all)",
		    findings->left_out, show_s((double)findings->left_out),
		    (long long)options->finding.min_blocks,
		    show_s((double)options->finding.min_blocks),
		    options->finding.is_proved ? ", or not all of them proved" : "");
	if (findings->count < found)
		cmd_note(
		    "%zu of %zu sites shown (--top=%zu shows all)", findings->count, found, found);
}

static int
lint_write(const struct options *options, struct query_db *db, struct err *err)
{
	const struct lint_options style = {
		.paths = &options->paths,
		.is_colored = term_color_wanted(stdout, options->color),
		.columns = term_columns(stdout, LINT_COLUMNS),
	};
	struct findings findings;
	size_t top = options->top ? options->top : options->lint->top;
	int status = CMD_FAILED;

	if (findings_load(&findings, db, &options->finding, err) == 0) {
		size_t found = findings.count;
		size_t warnings = warnings_count(&findings);

		if (top)
			findings_cut(&findings, top);
		options->lint->write(&style, &findings, stdout);
		status = cmd_finish();
		lint_notes(options, &findings, found);
		if (status == CMD_OK && options->is_error && warnings > 0)
			status = CMD_FAILED;
	} else {
		cmd_fail(err);
	}
	findings_release(&findings);
	return status;
}

static int
lint_main(int argc, char **argv)
{
	struct options options = { .lint = lint_find("gcc"),
		.finding = {
		    .verdicts = "stack,buffer,caller,reuse,mixed", .min_blocks = LINT_BLOCKS } };
	struct query_db *db = NULL;
	struct err err = { "" };
	int status = CMD_FAILED;
	int key;

	while ((key = options_next(&cmd_lint, argc, argv)) != OPTIONS_END)
		options_take(&options, key);
	if (argc - optind > 1)
		options_usage(
		    &cmd_lint, "one file at a time: esc analyze -o DB makes one of several");
	if (!options.paths.root)
		paths_set_root(&options.paths, NULL);
	options.finding.paths = &options.paths;
	options.finding.suppressions = &options.suppressions;
	if (!options.suppressed ||
	    suppressions_load(&options.suppressions, options.suppressed, &err) == 0)
		db = filter_open(argv[optind], &options.source, &options.filter, &err);
	if (db)
		status = lint_write(&options, db, &err);
	else
		cmd_fail(&err);
	query_close(db);
	suppressions_release(&options.suppressions);
	source_release(&options.source);
	paths_release(&options.paths);
	return status;
}

const struct cmd cmd_lint = {
	.name = "lint",
	.usage = "[OPTION...] [FILE]",
	.summary = "print the verdicts as a compiler's warnings",
	.options = lint_options,
	.run = lint_main,
};
