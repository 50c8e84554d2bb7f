/* esc annotate: sources with what their lines allocate in the margin. */
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/filter_options.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/pager.h"
#include "analyzer/cmd/path_options.h"
#include "analyzer/cmd/source.h"
#include "analyzer/cmd/verdict_list.h"
#include "analyzer/format/rows.h"
#include "analyzer/lint/annotate.h"
#include "analyzer/lint/finding.h"
#include "analyzer/report/report.h"
#include "analyzer/store/filter.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/paths.h"
#include "analyzer/util/term.h"

extern const struct cmd cmd_annotate;

enum {
	ANNOTATE_CONTEXT = OPTIONS_KEY,
	ANNOTATE_VERDICT,
	ANNOTATE_MIN_BLOCKS,
	ANNOTATE_COLOR,
	ANNOTATE_FORMAT,
	ANNOTATE_AROUND = 3,
	ANNOTATE_COLUMNS = 100000, /* a file has room */
};

static const struct option_def annotate_options[] = {
	{ "context", ANNOTATE_CONTEXT, "N", "lines around a site (3), or all" },
	{ "verdict", ANNOTATE_VERDICT, "V,...", "only sites of these verdicts" },
	{ "min-blocks", ANNOTATE_MIN_BLOCKS, "N", "only sites with so many blocks" },
	{ "format", ANNOTATE_FORMAT, "FORMAT", "text or json, of one SOURCE" },
	PATH_OPTIONS,
	FILTER_OPTIONS,
	SOURCE_OPTIONS,
	{ "color", ANNOTATE_COLOR, "WHEN", "auto, always or never" },
	{ NULL, 0, NULL, NULL },
};

struct options {
	struct source_options source;
	struct filter filter;
	struct paths paths;
	struct finding_options finding;
	int64_t context;
	bool is_json;
	enum term_color color;
	const char *file; /* NULL: the newest */
	const char *const *sources;
	size_t source_count;
};

static void
options_take(struct options *options, int key)
{
	switch (key) {
	case ANNOTATE_CONTEXT:
		options->context = -1;
		if (strcmp(optarg, "all") != 0)
			options->context =
			    (int64_t)options_number(&cmd_annotate, "context", 0, 1000000);
		break;
	case ANNOTATE_VERDICT:
		verdict_list_check(&cmd_annotate, optarg);
		options->finding.verdicts = optarg;
		break;
	case ANNOTATE_MIN_BLOCKS:
		options->finding.min_blocks =
		    (int64_t)options_number(&cmd_annotate, "min-blocks", 0, INT64_MAX);
		break;
	case ANNOTATE_FORMAT:
		options->is_json = strcmp(optarg, "json") == 0;
		if (!options->is_json && strcmp(optarg, "text") != 0)
			options_usage(&cmd_annotate, "no format %s", optarg);
		break;
	case ANNOTATE_COLOR:
		if (term_color_parse(optarg, &options->color) < 0)
			options_usage(&cmd_annotate, "--color is auto, always or never");
		break;
	default:
		source_option(&options->source, &cmd_annotate, key);
		path_option(&options->paths, &cmd_annotate, key);
		filter_option(&options->filter, &cmd_annotate, key);
		break;
	}
}

/* The first operand is FILE if it is one; what is not there cannot be told. */
static void
options_operands(struct options *options, char **argv)
{
	if (*argv && (source_is_trace(*argv) || query_is_database(*argv)))
		options->file = *argv++;
	options->sources = (const char *const *)argv;
	while (argv[options->source_count])
		options->source_count++;
}

static void
annotate_print(const struct options *options, const struct findings *findings)
{
	struct annotate annotate = {
		.paths = &options->paths,
		.sources = options->sources,
		.source_count = options->source_count,
		.context = options->context,
		.columns = term_columns(stdout, ANNOTATE_COLUMNS),
		.is_colored = term_color_wanted(stdout, options->color),
	};

	pager_start();
	annotate_write(&annotate, findings, stdout);
	pager_end();
	for (size_t i = 0; i < options->source_count; i++) {
		const char *source = options->sources[i];

		if (!annotate_has(&annotate, findings, source))
			cmd_note("%s: no site stands there", source);
	}
	if (findings->count == 0)
		cmd_note("there is no such site");
}

/* The file of the sites that is meant, which `sites` then owns; NULL and err set: none, or
 * several. */
static const char *
source_find(const struct options *options, const struct rows *sites, struct err *err)
{
	const char *found = NULL;

	for (size_t i = 0; i < sites->count; i++) {
		const char *file = rows_text(sites, i, "file");

		if (!*file || (found && strcmp(file, found) == 0) ||
		    !annotate_is_meant(&options->paths, file, options->sources[0]))
			continue;
		if (found) {
			err_set(err, "%s: that is %s and %s: give more of its path",
			    options->sources[0], found, file);
			return NULL;
		}
		found = file;
	}
	if (!found)
		err_set(err, "%s: no site stands there", options->sources[0]);
	return found;
}

static int
annotate_json(const struct options *options, struct query_db *db, struct err *err)
{
	struct rows sites = { .columns = NULL };
	struct rows run = { .columns = NULL };
	struct annotate_source source = { .paths = &options->paths,
		.sites = &sites,
		.verdicts = options->finding.verdicts,
		.min_blocks = options->finding.min_blocks };
	int rc = -1;

	if (report_load_plain(db, report_find("sites"), &sites, err) == 0 &&
	    report_load(db, report_find("run"), &run, err) == 0) {
		rows_show_paths(&sites, "file", &options->paths);
		source.file = source_find(options, &sites, err);
		source.started = report_started(&run);
		if (source.file) {
			annotate_write_json(&source, stdout);
			rc = 0;
		}
	}
	rows_release(&sites);
	rows_release(&run);
	return rc;
}

static int
annotate_text(const struct options *options, struct query_db *db, struct err *err)
{
	struct findings findings;
	int rc = findings_load(&findings, db, &options->finding, err);

	if (rc == 0)
		annotate_print(options, &findings);
	findings_release(&findings);
	return rc;
}

static int
annotate_main(int argc, char **argv)
{
	struct options options = { .context = ANNOTATE_AROUND,
		.finding = {
		    .verdicts =
			"stack,buffer,caller,reuse,mixed,large,heap,thread,live,unknown" } };
	struct query_db *db;
	struct err err = { "" };
	int status = CMD_FAILED;
	int key;

	while ((key = options_next(&cmd_annotate, argc, argv)) != OPTIONS_END)
		options_take(&options, key);
	options_operands(&options, argv + optind);
	if (options.is_json && options.source_count != 1)
		options_usage(&cmd_annotate, "JSON is of one SOURCE");
	if (!options.paths.root)
		paths_set_root(&options.paths, NULL);
	options.finding.paths = &options.paths;
	db = filter_open(options.file, &options.source, &options.filter, &err);
	if (db && (options.is_json ? annotate_json : annotate_text)(&options, db, &err) == 0)
		status = cmd_finish();
	else
		cmd_fail(&err);
	query_close(db);
	source_release(&options.source);
	paths_release(&options.paths);
	return status;
}

const struct cmd cmd_annotate = {
	.name = "annotate",
	.usage = "[OPTION...] [FILE] [SOURCE...]",
	.summary = "print sources with what their lines allocate",
	.options = annotate_options,
	.run = annotate_main,
};
