/* esc analyze: traces to a database. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/progress.h"
#include "analyzer/ingest/ingest.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"

extern const struct cmd cmd_analyze;

enum { ANALYZE_WRAPPER = OPTIONS_KEY, ANALYZE_NO_WRAPPER, ANALYZE_LIMIT };

static const struct option_def analyze_options[] = {
	{"output", 'o', "DB", "the database; TRACE.db unless given"},
	{"force", 'f', NULL, "replace DB if it is there"},
	{"wrapper", ANALYZE_WRAPPER, "REGEX",
	    "functions that allocate for their caller; may be repeated"},
	{"no-wrapper", ANALYZE_NO_WRAPPER, "REGEX",
	    "functions that do not, whatever their name"},
	{"stack-limit", ANALYZE_LIMIT, "BYTES",
	    "what is larger does not belong on the stack (4K)"},
	{"quiet", 'q', NULL, "do not say where the database is"},
	{NULL, 0, NULL, NULL},
};

struct analyze {
	struct ingest_options ingest;
	const char **wrappers;
	const char **no_wrappers;
	size_t wrapper_cap;
	size_t no_wrapper_cap;
	bool force;
	bool quiet;
};

static void
analyze_option(struct analyze *analyze, int key)
{
	struct ingest_options *ingest = &analyze->ingest;

	switch (key) {
	case 'o':
		ingest->database = optarg;
		break;
	case 'f':
		analyze->force = true;
		break;
	case 'q':
		analyze->quiet = true;
		break;
	case ANALYZE_WRAPPER:
		analyze->wrappers = xgrow(analyze->wrappers,
		    &analyze->wrapper_cap, ingest->wrapper_count + 1,
		    sizeof(*analyze->wrappers));
		analyze->wrappers[ingest->wrapper_count++] = optarg;
		break;
	case ANALYZE_NO_WRAPPER:
		analyze->no_wrappers = xgrow(analyze->no_wrappers,
		    &analyze->no_wrapper_cap, ingest->no_wrapper_count + 1,
		    sizeof(*analyze->no_wrappers));
		analyze->no_wrappers[ingest->no_wrapper_count++] = optarg;
		break;
	case ANALYZE_LIMIT:
		ingest->stack_limit =
		    options_size(&cmd_analyze, "stack-limit", 1, 1ULL << 40);
		break;
	default:
		break;
	}
}

static int
analyze_traces(struct analyze *analyze)
{
	struct progress progress;
	struct err err;
	int status;

	progress_start(&progress, "analyzing");
	analyze->ingest.progress = progress_show;
	analyze->ingest.progress_data = &progress;
	status = ingest_run(&analyze->ingest, &err);
	progress_end(&progress);
	if (status != 0)
		return cmd_fail(&err);
	if (!analyze->quiet)
		cmd_note("wrote %s", analyze->ingest.database);
	return CMD_OK;
}

static int
analyze_main(int argc, char **argv)
{
	struct analyze analyze = {.force = false};
	char *beside = NULL;
	int key, status;

	while ((key = options_next(&cmd_analyze, argc, argv)) != OPTIONS_END)
		analyze_option(&analyze, key);
	if (optind >= argc)
		options_usage(&cmd_analyze, "which trace?");
	analyze.ingest.traces = (const char *const *)(argv + optind);
	analyze.ingest.trace_count = (size_t)(argc - optind);
	analyze.ingest.wrappers = analyze.wrappers;
	analyze.ingest.no_wrappers = analyze.no_wrappers;
	if (analyze.ingest.database == NULL) {
		if (analyze.ingest.trace_count > 1)
			options_usage(&cmd_analyze,
			    "several traces need a database: -o DB");
		beside = xasprintf("%s.db", argv[optind]);
		analyze.ingest.database = beside;
	} else if (!analyze.force &&
	    access(analyze.ingest.database, F_OK) == 0) {
		cmd_note("%s is there already (-f replaces it)",
		    analyze.ingest.database);
		return CMD_FAILED;
	}
	status = analyze_traces(&analyze);
	free(beside);
	free(analyze.wrappers);
	free(analyze.no_wrappers);
	return status;
}

const struct cmd cmd_analyze = {
	.name = "analyze",
	.usage = "[OPTION...] TRACE...",
	.summary = "turn traces into a database",
	.options = analyze_options,
	.run = analyze_main,
};
