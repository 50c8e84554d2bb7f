/* esc flamegraph: where blocks come from, as a picture. */
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/filter_options.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/output.h"
#include "analyzer/export/export.h"
#include "analyzer/export/tree.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"

extern const struct cmd cmd_flamegraph;

enum { FLAMEGRAPH_METRIC = OPTIONS_KEY, FLAMEGRAPH_INVERTED, FLAMEGRAPH_DIFF };

static const struct option_def flamegraph_options[] = {
	{ "metric", FLAMEGRAPH_METRIC, "METRIC",
	    "blocks, bytes, stackable-blocks, stackable-bytes or cost" },
	{ "inverted", FLAMEGRAPH_INVERTED, NULL, "from the allocating function outwards" },
	{ "diff", FLAMEGRAPH_DIFF, "FILE", "show what has changed since that run" },
	FILTER_OPTIONS,
	{ "output", 'o', "FILE", "write there; - is stdout, as without it" },
	{ "force", 'f', NULL, "replace FILE if it is there" },
	{ NULL, 0, NULL, NULL },
};

/* before: the run to compare with, or NULL. */
static int
flamegraph_draw(const struct output *output, struct export_options *options, const char *before,
    const char *file)
{
	struct err err = { "" };
	int status;

	if (before) {
		options->before = filter_open(before, NULL, &output->filter, &err);
		if (!options->before)
			return cmd_fail(&err);
	}
	status = output_export(output, export_find("svg"), options, file);
	query_close(options->before);
	return status;
}

static int
flamegraph_main(int argc, char **argv)
{
	struct output output = { .path = "-", .is_for_browsers = true };
	struct export_options options = { .metric = tree_metric_at(0) };
	const char *before = NULL;
	int key;

	while ((key = options_next(&cmd_flamegraph, argc, argv)) != OPTIONS_END) {
		if (key == FLAMEGRAPH_METRIC)
			options.metric = output_metric(&cmd_flamegraph, optarg);
		if (key == FLAMEGRAPH_INVERTED)
			options.is_inverted = true;
		if (key == FLAMEGRAPH_DIFF)
			before = optarg;
		filter_option(&output.filter, &cmd_flamegraph, key);
		output_option(&output, key);
	}
	if (argc - optind > 1)
		options_usage(
		    &cmd_flamegraph, "one file at a time: esc analyze -o DB makes one of several");
	return flamegraph_draw(&output, &options, before, argv[optind]);
}

const struct cmd cmd_flamegraph = {
	.name = "flamegraph",
	.usage = "[OPTION...] [-o OUT.svg] [FILE]",
	.summary = "draw where blocks come from, an SVG for a browser",
	.options = flamegraph_options,
	.run = flamegraph_main,
};
