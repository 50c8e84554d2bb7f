/* esc analyze: traces to a database. */
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/interrupt.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/progress.h"
#include "analyzer/cmd/session.h"
#include "analyzer/cmd/source.h"
#include "analyzer/ingest/ingest.h"
#include "analyzer/store/query.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/util/err.h"
#include "analyzer/util/show.h"
#include "analyzer/util/xalloc.h"

extern const struct cmd cmd_analyze;

enum { ANALYZE_NO_MARKS = OPTIONS_KEY, ANALYZE_THREADS, ANALYZE_VERBOSE };

static const struct option_def analyze_options[] = {
	{ "output", 'o', "DB", "the database; TRACE.db unless given" },
	{ "force", 'f', NULL, "replace DB if it is there" },
	SOURCE_OPTIONS,
	{ "no-marks", ANALYZE_NO_MARKS, NULL, "leave out what return marks prove" },
	{ "threads", ANALYZE_THREADS, "N", "use at most N threads" },
	{ "verbose", ANALYZE_VERBOSE, NULL, "say what came from the symbol cache" },
	{ "quiet", 'q', NULL, "do not say where the database is" },
	{ NULL, 0, NULL, NULL },
};

struct analyze {
	struct ingest_options ingest;
	struct source_options source;
	bool force;
	bool quiet;
	bool verbose;
};

static void
analyze_option(struct analyze *analyze, int key)
{
	switch (key) {
	case 'o': analyze->ingest.database = optarg; break;
	case 'f': analyze->force = true; break;
	case ANALYZE_NO_MARKS: analyze->ingest.no_marks = true; break;
	case ANALYZE_THREADS:
		analyze->ingest.threads =
		    (unsigned)options_number(&cmd_analyze, "threads", 1, 1024);
		break;
	case 'q': analyze->quiet = true; break;
	case ANALYZE_VERBOSE: analyze->verbose = true; break;
	default: source_option(&analyze->source, &cmd_analyze, key); break;
	}
}

static void
analyze_tell_cached(const struct analyze *analyze)
{
	const struct symbol_cached *cached = analyze->ingest.cached;

	if (analyze->ingest.symbol_cache == NULL) {
		cmd_note("no symbol cache");
		return;
	}
	cmd_note(
	    "symbol cache %s: %llu module%s, %llu answer%s found, %llu added, %llu file%s written",
	    analyze->ingest.symbol_cache, (unsigned long long)cached->modules,
	    show_s((double)cached->modules), (unsigned long long)cached->found,
	    show_s((double)cached->found), (unsigned long long)cached->added,
	    (unsigned long long)cached->written, show_s((double)cached->written));
}

/* Other commands take all traces of a run for one that is named, and these are not in here. */
static void
analyze_tell_others(const char *trace)
{
	struct session session;
	size_t others;

	session_find(&session, trace, false);
	others = session.count - 1;
	if (others > 0)
		cmd_note("%zu more trace%s of its run %s not in there: esc report %s takes all",
		    others, show_s((double)others), others == 1 ? "is" : "are", trace);
	session_release(&session);
}

static int
analyze_traces(struct analyze *analyze)
{
	struct symbol_cached cached = { 0 };
	char *cache = source_symbol_cache(&analyze->source);
	struct progress progress;
	struct err err;
	int status;

	progress_start(&progress, "analyzing");
	analyze->ingest.progress = progress_events;
	analyze->ingest.progress_data = &progress;
	analyze->ingest.watch.temporary = interrupt_remove;
	analyze->ingest.note = progress_note;
	analyze->ingest.note_data = &progress;
	analyze->ingest.symbol_cache = cache;
	analyze->ingest.cached = &cached;
	status = ingest_run(&analyze->ingest, &err);
	progress_end(&progress);
	if (analyze->verbose && status == 0)
		analyze_tell_cached(analyze);
	analyze->ingest.symbol_cache = NULL;
	analyze->ingest.cached = NULL;
	free(cache);
	if (status != 0)
		return cmd_fail(&err);
	if (!analyze->quiet) {
		cmd_note("wrote %s", analyze->ingest.database);
		if (analyze->ingest.trace_count == 1)
			analyze_tell_others(analyze->ingest.traces[0]);
	}
	return CMD_OK;
}

static int
analyze_main(int argc, char **argv)
{
	struct analyze analyze = { .force = false };
	char *beside = NULL;
	int key, status;

	while ((key = options_next(&cmd_analyze, argc, argv)) != OPTIONS_END)
		analyze_option(&analyze, key);
	if (optind >= argc)
		options_usage(&cmd_analyze, "which trace?");
	analyze.ingest.traces = (const char *const *)(argv + optind);
	analyze.ingest.trace_count = (size_t)(argc - optind);
	analyze.ingest.wrappers = analyze.source.wrappers;
	analyze.ingest.wrapper_count = analyze.source.wrapper_count;
	analyze.ingest.no_wrappers = analyze.source.no_wrappers;
	analyze.ingest.no_wrapper_count = analyze.source.no_wrapper_count;
	analyze.ingest.stack_limit = analyze.source.stack_limit;
	analyze.ingest.memory = analyze.source.memory;
	if (analyze.ingest.database == NULL) {
		if (analyze.ingest.trace_count > 1)
			options_usage(&cmd_analyze, "several traces need a database: -o DB");
		beside = xasprintf("%s.db", argv[optind]);
		analyze.ingest.database = beside;
		if (!analyze.force && access(beside, F_OK) == 0 && !query_is_database(beside)) {
			cmd_note("%s is there already and no database (-f replaces it)", beside);
			return CMD_FAILED;
		}
	} else if (!analyze.force && access(analyze.ingest.database, F_OK) == 0) {
		cmd_note("%s is there already (-f replaces it)", analyze.ingest.database);
		return CMD_FAILED;
	}
	status = analyze_traces(&analyze);
	free(beside);
	source_release(&analyze.source);
	return status;
}

const struct cmd cmd_analyze = {
	.name = "analyze",
	.usage = "[OPTION...] TRACE...",
	.summary = "turn traces into a database",
	.options = analyze_options,
	.run = analyze_main,
};
