/* esc check: the gate for CI, which fails when a program got worse. */
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/filter_options.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/output.h"
#include "analyzer/cmd/path_options.h"
#include "analyzer/cmd/source.h"
#include "analyzer/cmd/suppression_notes.h"
#include "analyzer/cmd/verdict_list.h"
#include "analyzer/lint/baseline.h"
#include "analyzer/lint/check.h"
#include "analyzer/lint/lint.h"
#include "analyzer/lint/suppressions.h"
#include "analyzer/store/filter.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/paths.h"
#include "analyzer/util/show.h"
#include "analyzer/util/term.h"
#include "analyzer/util/xalloc.h"

extern const struct cmd cmd_check;

enum {
	CHECK_BASELINE = OPTIONS_KEY,
	CHECK_WRITE,
	CHECK_UPDATE,
	CHECK_MAX_BLOCKS,
	CHECK_MAX_STACKABLE,
	CHECK_FORMAT,
	CHECK_VERDICT,
	CHECK_MIN_BLOCKS,
	CHECK_PROVED,
	CHECK_SUPPRESSIONS,
	CHECK_COLOR,
	CHECK_BLOCKS = 60, /* so many without an escape leave a rate of 5 % at most */
	CHECK_COLUMNS = 100,
};

static const struct option_def check_options[] = {
	{ "baseline", CHECK_BASELINE, "FILE", "fail for what FILE does not have" },
	{ "write-baseline", CHECK_WRITE, "FILE", "make it of the run, or of several; - is stdout" },
	{ "update", CHECK_UPDATE, NULL, "add to --baseline what the runs have" },
	{ "force", 'f', NULL, "replace the baseline if it is there" },
	{ "max-blocks", CHECK_MAX_BLOCKS, "N", "fail if more blocks were allocated" },
	{ "max-stackable", CHECK_MAX_STACKABLE, "N[%]",
	    "fail if more of them need not be on the heap" },
	{ "format", CHECK_FORMAT, "FORMAT", "gcc, sarif, github or remarks" },
	{ "verdict", CHECK_VERDICT, "V,...",
	    "sites of these verdicts fail (stack,buffer,caller,reuse,mixed)" },
	{ "min-blocks", CHECK_MIN_BLOCKS, "N", "only sites with so many blocks (60)" },
	{ "proved", CHECK_PROVED, NULL, "only sites with no block that is presumed" },
	{ "suppressions", CHECK_SUPPRESSIONS, "FILE", "sites that are left as they are" },
	FILTER_OPTIONS,
	PATH_OPTIONS,
	SOURCE_OPTIONS,
	{ "color", CHECK_COLOR, "WHEN", "auto, always or never" },
	{ NULL, 0, NULL, NULL },
};

struct options {
	struct source_options source;
	struct paths paths;
	struct filter filter;
	struct suppressions suppressions;
	struct check_options check;
	struct baseline baseline;
	const struct lint *lint;
	const char *read;  /* --baseline */
	const char *write; /* --write-baseline */
	const char *suppressed;
	uint64_t most_blocks;
	uint64_t most_stackable; /* per cent, where is_share */
	bool is_share, has_blocks, has_stackable;
	bool is_update, is_forced;
	enum term_color color;
};

/* N, or N% of all blocks. */
static void
stackable_take(struct options *options)
{
	size_t len = strlen(optarg);

	options->has_stackable = true;
	options->is_share = len > 0 && optarg[len - 1] == '%';
	if (options->is_share)
		optarg[len - 1] = '\0';
	options->most_stackable = options_number(
	    &cmd_check, "max-stackable", 0, options->is_share ? 100 : (uint64_t)INT64_MAX);
}

static void
options_take(struct options *options, int key)
{
	switch (key) {
	case CHECK_BASELINE: options->read = optarg; break;
	case CHECK_WRITE: options->write = optarg; break;
	case CHECK_UPDATE: options->is_update = true; break;
	case 'f': options->is_forced = true; break;
	case CHECK_MAX_BLOCKS:
		options->has_blocks = true;
		options->most_blocks = options_number(&cmd_check, "max-blocks", 0, INT64_MAX);
		break;
	case CHECK_MAX_STACKABLE: stackable_take(options); break;
	case CHECK_FORMAT:
		options->lint = lint_find(optarg);
		if (!options->lint)
			options_usage(&cmd_check, "no format %s", optarg);
		break;
	case CHECK_VERDICT:
		verdict_list_check(&cmd_check, optarg);
		options->check.finding.verdicts = optarg;
		break;
	case CHECK_MIN_BLOCKS:
		options->check.finding.min_blocks =
		    (int64_t)options_number(&cmd_check, "min-blocks", 0, INT64_MAX);
		break;
	case CHECK_PROVED: options->check.finding.is_proved = true; break;
	case CHECK_SUPPRESSIONS: options->suppressed = optarg; break;
	case CHECK_COLOR:
		if (term_color_parse(optarg, &options->color) < 0)
			options_usage(&cmd_check, "--color is auto, always or never");
		break;
	default:
		source_option(&options->source, &cmd_check, key);
		path_option(&options->paths, &cmd_check, key);
		filter_option(&options->filter, &cmd_check, key);
		break;
	}
}

static bool
is_learning(const struct options *options)
{
	return options->write || options->is_update;
}

static void
options_judge(const struct options *options, int files)
{
	if (options->write && (options->read || options->has_blocks || options->has_stackable))
		options_usage(&cmd_check, "--write-baseline checks nothing: %s",
		    options->read ? "--update adds to --baseline" : "no --max with it");
	if (options->is_update && !options->read)
		options_usage(&cmd_check, "--update wants --baseline=B, which it adds to");
	if (options->is_update && (options->has_blocks || options->has_stackable))
		options_usage(&cmd_check, "--update checks nothing: no --max with it");
	if (files > 1 && !is_learning(options))
		options_usage(
		    &cmd_check, "one file at a time: esc analyze -o DB makes one of several");
}

/* ---- a baseline is made */

static int
baseline_put(void *data, FILE *out, struct err *err)
{
	(void)err;
	baseline_write(data, out);
	return 0;
}

static int
check_teach(struct options *options, char **files, int count, struct err *err)
{
	struct output output = { .path = options->write ? options->write : options->read,
		.is_forced = options->is_forced || options->is_update };
	size_t before = options->baseline.sites.count;
	int rc = 0;

	for (int i = 0; rc == 0 && (i < count || i == 0); i++) {
		struct query_db *db =
		    filter_open(files[i], &options->source, &options->filter, err);

		rc = db ? check_learn(&options->baseline, db, &options->paths, err) : -1;
		query_close(db);
	}
	if (rc == 0 && strcmp(output.path, "-") == 0)
		return baseline_put(&options->baseline, stdout, err);
	if (rc == 0)
		rc = output_whole(&output, baseline_put, &options->baseline, err);
	if (rc == 0)
		cmd_note("wrote %s: %zu site%s, %zu of them new", output.path,
		    options->baseline.sites.count, show_s((double)options->baseline.sites.count),
		    options->baseline.sites.count - before);
	return rc;
}

/* ---- a run is checked */

/* Whether the totals are passed, which is said. */
static bool
check_totals(const struct options *options, const struct check *check)
{
	double share = check->estimated > 0 ? 100 * check->stackable / check->estimated : 0;
	double is = options->is_share ? share : check->stackable;
	bool has_failed = false;

	if (options->has_blocks && check->blocks > (double)options->most_blocks) {
		cmd_note("%.0f block%s allocated: more than --max-blocks=%" PRIu64, check->blocks,
		    show_is_one(check->blocks) ? " was" : "s were", options->most_blocks);
		has_failed = true;
	}
	if (options->has_stackable && is > (double)options->most_stackable) {
		cmd_note("%.0f block%s (%.1f %%) need not be on the heap: "
			 "more than --max-stackable=%" PRIu64 "%s",
		    check->stackable, show_s(check->stackable), share, options->most_stackable,
		    options->is_share ? "%" : "");
		has_failed = true;
	}
	return has_failed;
}

/* What may have hidden something, or shows too much. */
static void
check_doubts(const struct options *options, const struct check *check)
{
	if (check->lost > 0)
		cmd_note("%.0f event%s lost: what was not seen cannot fail", check->lost,
		    show_is_one(check->lost) ? " was" : "s were");
	if (options->read && options->baseline.is_sampled && !check->is_sampled)
		cmd_note("%s is of sampled runs, and this one is not: a site that they missed is "
			 "new here",
		    options->read);
	if (check->unsure > 0)
		cmd_note("%zu site%s would fail with more evidence: fewer than %lld block%s, "
			 "presumed, or hardly mixed (see esc-check(1))",
		    check->unsure, show_s((double)check->unsure),
		    (long long)options->check.finding.min_blocks,
		    show_s((double)options->check.finding.min_blocks));
}

static void
check_notes(const struct options *options, const struct check *check, size_t failed)
{
	suppression_notes(options->suppressed, &options->suppressions, check->findings.suppressed);
	check_doubts(options, check);
	if (options->read && check->better + check->gone > 0)
		cmd_note("%zu site%s of %s got better and %zu did not show up: written anew it is "
			 "stricter",
		    check->better, show_s((double)check->better), options->read, check->gone);
	if (options->read)
		cmd_note("%zu site%s failed, %zu more that could do without the heap %s in %s",
		    failed, show_s((double)failed), check->known, check->known == 1 ? "is" : "are",
		    options->read);
	else
		cmd_note("%zu site%s failed (with --baseline=B only what is not in B)", failed,
		    show_s((double)failed));
}

static int
check_judge(struct options *options, struct query_db *db, struct err *err)
{
	const struct lint_options style = {
		.paths = &options->paths,
		.is_colored = term_color_wanted(stdout, options->color),
		.columns = term_columns(stdout, CHECK_COLUMNS),
	};
	bool is_by_site = options->read || !(options->has_blocks || options->has_stackable);
	struct check check;
	int status = CMD_FAILED;

	if (check_load(&check, db, &options->check, err) == 0) {
		size_t failed = is_by_site ? check.findings.count : 0;

		findings_cut(
		    &check.findings, failed && options->lint->top ? options->lint->top : failed);
		options->lint->write(&style, &check.findings, stdout);
		status = cmd_finish();
		if (check_totals(options, &check) || failed > 0)
			status = CMD_FAILED;
		if (is_by_site)
			check_notes(options, &check, failed);
	} else {
		cmd_fail(err);
	}
	check_release(&check);
	return status;
}

static int
check_run(struct options *options, char **files, int count)
{
	struct err err = { "" };
	struct query_db *db;
	int status = CMD_FAILED;

	if ((options->read && baseline_load(&options->baseline, options->read, &err) < 0) ||
	    (options->suppressed &&
		suppressions_load(&options->suppressions, options->suppressed, &err) < 0))
		return cmd_fail(&err);
	if (is_learning(options))
		return check_teach(options, files, count, &err) < 0 ? cmd_fail(&err) : cmd_finish();
	db = filter_open(files[0], &options->source, &options->filter, &err);
	status = db ? check_judge(options, db, &err) : cmd_fail(&err);
	query_close(db);
	return status;
}

static int
check_main(int argc, char **argv)
{
	struct options options = { .lint = lint_find("gcc"),
		.check.finding = {
		    .verdicts = "stack,buffer,caller,reuse,mixed", .min_blocks = CHECK_BLOCKS } };
	int status;
	int key;

	while ((key = options_next(&cmd_check, argc, argv)) != OPTIONS_END)
		options_take(&options, key);
	options_judge(&options, argc - optind);
	if (!options.paths.root)
		paths_set_root(&options.paths, NULL);
	options.check.finding.paths = &options.paths;
	options.check.finding.suppressions = &options.suppressions;
	options.check.baseline = &options.baseline;
	options.check.has_baseline = options.read != NULL;
	baseline_init(&options.baseline);
	status = check_run(&options, argv + optind, argc - optind);
	baseline_release(&options.baseline);
	suppressions_release(&options.suppressions);
	source_release(&options.source);
	paths_release(&options.paths);
	return status;
}

const struct cmd cmd_check = {
	.name = "check",
	.usage = "[OPTION...] [FILE...]",
	.summary = "fail when a run has more that need not be on the heap than before",
	.options = check_options,
	.run = check_main,
};
