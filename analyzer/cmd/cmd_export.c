/* esc export: a database in the form of other tools. */
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

extern const struct cmd cmd_export;

enum { EXPORT_FORMAT = OPTIONS_KEY, EXPORT_METRIC, EXPORT_INVERTED, EXPORT_ANONYMISE };

/* With a comma in front. */
static const char export_formats[] =
#define X(name) ", " #name
#include "analyzer/export/table.inc"
#undef X
    ;

static const struct option_def export_options[] = {
	{ "format", EXPORT_FORMAT, "FORMAT", export_formats + 2 },
	{ "metric", EXPORT_METRIC, "METRIC",
	    "blocks, bytes, stackable-blocks, stackable-bytes or cost" },
	{ "anonymise", EXPORT_ANONYMISE, NULL, "without paths, arguments, ids and the time" },
	{ "inverted", EXPORT_INVERTED, NULL, "from the allocating function outwards" },
	FILTER_OPTIONS,
	{ "output", 'o', "FILE", "write there; - is stdout" },
	{ "force", 'f', NULL, "replace FILE if it is there" },
	{ NULL, 0, NULL, NULL },
};

static int
export_main(int argc, char **argv)
{
	struct output output = { .path = "-" };
	struct export_options options = { .metric = tree_metric_at(0) };
	const struct export *export = NULL;
	int key;

	while ((key = options_next(&cmd_export, argc, argv)) != OPTIONS_END) {
		if (key == EXPORT_FORMAT)
			export = export_find(optarg);
		if (key == EXPORT_FORMAT && !export)
			options_usage(&cmd_export, "no format %s", optarg);
		if (key == EXPORT_METRIC)
			options.metric = output_metric(&cmd_export, optarg);
		if (key == EXPORT_INVERTED)
			options.is_inverted = true;
		if (key == EXPORT_ANONYMISE)
			output.is_anonymous = true;
		filter_option(&output.filter, &cmd_export, key);
		output_option(&output, key);
	}
	if (!export)
		options_usage(&cmd_export, "which --format?");
	if (argc - optind > 1)
		options_usage(
		    &cmd_export, "one file at a time: esc analyze -o DB makes one of several");
	return output_export(&output, export, &options, argv[optind]);
}

const struct cmd cmd_export = {
	.name = "export",
	.usage = "--format=FORMAT [OPTION...] [FILE]",
	.summary = "write what was found for other tools",
	.options = export_options,
	.run = export_main,
};
