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

extern const struct cmd cmd_flamegraph;

enum { FLAMEGRAPH_METRIC = OPTIONS_KEY, FLAMEGRAPH_INVERTED };

static const struct option_def flamegraph_options[] = {
	{ "metric", FLAMEGRAPH_METRIC, "METRIC",
	    "blocks, bytes, stackable-blocks, stackable-bytes or cost" },
	{ "inverted", FLAMEGRAPH_INVERTED, NULL, "from the allocating function outwards" },
	FILTER_OPTIONS,
	{ "output", 'o', "FILE", "write there; - is stdout, as without it" },
	{ "force", 'f', NULL, "replace FILE if it is there" },
	{ NULL, 0, NULL, NULL },
};

static int
flamegraph_main(int argc, char **argv)
{
	struct output output = { .path = "-", .is_for_browsers = true };
	struct export_options options = { .metric = tree_metric_at(0) };
	int key;

	while ((key = options_next(&cmd_flamegraph, argc, argv)) != OPTIONS_END) {
		if (key == FLAMEGRAPH_METRIC)
			options.metric = output_metric(&cmd_flamegraph, optarg);
		if (key == FLAMEGRAPH_INVERTED)
			options.is_inverted = true;
		filter_option(&output.filter, &cmd_flamegraph, key);
		output_option(&output, key);
	}
	if (argc - optind > 1)
		options_usage(&cmd_flamegraph, "one file at a time");
	return output_export(&output, export_find("svg"), &options, argv[optind]);
}

const struct cmd cmd_flamegraph = {
	.name = "flamegraph",
	.usage = "[OPTION...] [-o OUT.svg] [FILE]",
	.summary = "draw where blocks come from, an SVG for a browser",
	.options = flamegraph_options,
	.run = flamegraph_main,
};
