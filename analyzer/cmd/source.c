#include "analyzer/cmd/source.h"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/interrupt.h"
#include "analyzer/cmd/progress.h"
#include "analyzer/cmd/session.h"
#include "analyzer/ingest/ingest.h"
#include "analyzer/store/query.h"
#include "analyzer/trace/packed.h"
#include "analyzer/trace/reader.h"
#include "analyzer/util/err.h"
#include "analyzer/util/files.h"
#include "analyzer/util/names.h"
#include "analyzer/util/xalloc.h"
#include "preload/record.h"

static void
source_add(const char ***list, size_t *count, size_t *cap)
{
	*list = xgrow(*list, cap, *count + 1, sizeof(**list));
	(*list)[(*count)++] = optarg;
}

void
source_option(struct source_options *options, const struct cmd *cmd, int key)
{
	if (key == SOURCE_WRAPPER)
		source_add(&options->wrappers, &options->wrapper_count, &options->wrapper_cap);
	else if (key == SOURCE_NO_WRAPPER)
		source_add(
		    &options->no_wrappers, &options->no_wrapper_count, &options->no_wrapper_cap);
	else if (key == SOURCE_STACK_LIMIT)
		options->stack_limit = options_size(cmd, "stack-limit", 1, 1ULL << 40);
	else if (key == SOURCE_MEMORY)
		options->memory = options_size(cmd, "memory", INGEST_MEMORY, 1ULL << 50);
	else if (key == SOURCE_NO_SYMBOL_CACHE)
		options->no_symbol_cache = true;
}

char *
source_symbol_cache(const struct source_options *options)
{
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	if (options != NULL && options->no_symbol_cache)
		return NULL;
	/* relative ones are to be ignored, says the standard */
	if (cache != NULL && cache[0] == '/')
		return xasprintf("%s/esc", cache);
	if (home != NULL && home[0] == '/')
		return xasprintf("%s/.cache/esc", home);
	return NULL;
}

void
source_release(struct source_options *options)
{
	free(options->wrappers);
	free(options->no_wrappers);
	*options = (struct source_options){ .stack_limit = 0 };
}

/* The first bytes of a file, zeroes where there are none. */
static uint64_t
source_magic(const char *path)
{
	/* it may be anything, and then nothing is to wait for it */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	uint64_t magic = 0;
	struct stat status;

	if (fd < 0)
		return 0;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) ||
	    files_read(fd, 0, &magic, sizeof(magic)) != sizeof(magic))
		magic = 0;
	close(fd);
	return magic;
}

int
source_is_trace(const char *path)
{
	uint64_t magic = source_magic(path);

	return magic == ESC_MAGIC || packed_is(&magic);
}

char *
source_newest(void)
{
	struct timespec newest = { 0 };
	char *found = NULL;
	glob_t paths = { 0 };
	bool any = glob("esc.*.esc", GLOB_NOSORT | GLOB_APPEND, NULL, &paths) == 0;

	any |= glob("esc.*.esc.zst", GLOB_NOSORT | GLOB_APPEND, NULL, &paths) == 0;
	for (size_t i = 0; any && i < paths.gl_pathc; i++) {
		struct stat status;

		if (stat(paths.gl_pathv[i], &status) < 0 || !S_ISREG(status.st_mode) ||
		    status.st_mtim.tv_sec < newest.tv_sec ||
		    (status.st_mtim.tv_sec == newest.tv_sec &&
			status.st_mtim.tv_nsec < newest.tv_nsec))
			continue;
		newest = status.st_mtim;
		free(found);
		found = xstrdup(paths.gl_pathv[i]);
	}
	globfree(&paths);
	return found;
}

static bool
source_is_default(const struct source_options *options)
{
	return options->wrapper_count == 0 && options->no_wrapper_count == 0 &&
	    options->stack_limit == 0 && options->memory == 0;
}

static bool
source_is_newer_than(const char *database, const char *trace)
{
	struct stat theirs;
	struct stat ours;

	if (stat(database, &ours) < 0 || stat(trace, &theirs) < 0)
		return false;
	return ours.st_mtim.tv_sec > theirs.st_mtim.tv_sec ||
	    (ours.st_mtim.tv_sec == theirs.st_mtim.tv_sec &&
		ours.st_mtim.tv_nsec >= theirs.st_mtim.tv_nsec);
}

static bool
source_is_newer(const char *database, const struct session *traces)
{
	bool is_newer = true;

	for (size_t i = 0; i < traces->count && is_newer; i++)
		is_newer = source_is_newer_than(database, traces->traces[i]);
	return is_newer;
}

/* The database has it escaped. */
static bool
source_is_text(const char *stored, const char *text)
{
	char *restored = names_restored(stored);
	bool is_same = strcmp(restored, text) == 0;

	free(restored);
	return is_same;
}

/* Each run was made with this list of patterns. */
static bool
source_same_list(struct query_db *db, const char *sql, const char **list, size_t count)
{
	struct err err;
	struct query *query = query_prepare(db, sql, &err);
	bool is_same = query != NULL;
	int rc = 0;

	while (is_same && (rc = query_next(query, &err)) > 0) {
		size_t at = (size_t)query_int(query, 0);

		is_same = (size_t)query_int(query, 1) == count;
		if (is_same && query_type(query, 2) != QUERY_NULL)
			is_same = at < count && source_is_text(query_text(query, 2), list[at]);
	}
	query_finish(query);
	return is_same && rc == 0;
}

#define SOURCE_LIST(column)                                                           \
	"SELECT w.key, json_array_length(r." column "), w.value FROM run r LEFT JOIN" \
	" json_each(r." column ") w"

/* It was made with these options. */
static bool
source_matches(struct query_db *db, const struct source_options *options)
{
	uint64_t limit = options->stack_limit ? options->stack_limit : INGEST_STACK_LIMIT;
	struct err err;
	struct query *query =
	    query_prepare(db, "SELECT min(stack_limit), max(stack_limit) FROM run", &err);
	bool is_same = query != NULL && query_next(query, &err) > 0 &&
	    (uint64_t)query_int(query, 0) == limit && (uint64_t)query_int(query, 1) == limit;

	query_finish(query);
	/* what it took is not kept */
	return is_same && options->memory == 0 &&
	    source_same_list(
		db, SOURCE_LIST("wrappers"), options->wrappers, options->wrapper_count) &&
	    source_same_list(
		db, SOURCE_LIST("no_wrappers"), options->no_wrappers, options->no_wrapper_count);
}

/* Not made while the trace was still written. */
static bool
source_is_over(struct query_db *db)
{
	struct err err;
	struct query *query = query_prepare(db, "SELECT max(running) FROM run", &err);
	bool is_over = query && query_next(query, &err) > 0 && query_int(query, 0) == 0;

	query_finish(query);
	return is_over;
}

/* It was made of as many traces. */
static bool
source_is_of(struct query_db *db, const struct session *traces)
{
	struct err err;
	struct query *query = query_prepare(db, "SELECT count(*) FROM run", &err);
	bool is_of =
	    query && query_next(query, &err) > 0 && (size_t)query_int(query, 0) == traces->count;

	query_finish(query);
	return is_of;
}

/* What another esc found may have other verdicts. */
static bool
source_is_ours(struct query_db *db)
{
	struct err err;
	struct query *query = query_prepare(
	    db, "SELECT count(*) FROM run WHERE version <> '" PACKAGE_VERSION "'", &err);
	bool is_ours = query && query_next(query, &err) > 0 && query_int(query, 0) == 0;

	query_finish(query);
	return is_ours;
}

static struct query_db *
source_reuse(
    const char *database, const struct session *traces, const struct source_options *options)
{
	struct query_db *db;
	struct err err;

	if (!source_is_newer(database, traces))
		return NULL;
	db = query_open(database, &err);
	if (db &&
	    !(source_is_ours(db) && source_is_over(db) && source_is_of(db, traces) &&
		source_matches(db, options))) {
		query_close(db);
		db = NULL;
	}
	return db;
}

/* directory: of the database alone, which a signal is to remove with it; or NULL. */
static int
source_analyze(const struct session *traces, const char *database, char *directory,
    const struct source_options *options, struct err *err)
{
	struct progress progress;
	char *cache = source_symbol_cache(options);
	struct ingest_options ingest = {
		.symbol_cache = cache,
		.traces = (const char **)traces->traces,
		.trace_count = traces->count,
		.database = database,
		.wrappers = options->wrappers,
		.wrapper_count = options->wrapper_count,
		.no_wrappers = options->no_wrappers,
		.no_wrapper_count = options->no_wrapper_count,
		.stack_limit = options->stack_limit,
		.memory = options->memory,
		.progress = progress_events,
		.progress_data = &progress,
		.watch = { interrupt_remove, directory },
		.note = progress_note,
		.note_data = &progress,
	};
	int rc;

	progress_start(&progress, "analyzing");
	rc = ingest_run(&ingest, err);
	progress_end(&progress);
	free(cache);
	return rc;
}

/* For a database that is not to stay: a directory of its own. */
static struct query_db *
source_once(const struct session *traces, const struct source_options *options, struct err *err)
{
	const char *where = getenv("XDG_RUNTIME_DIR");
	char *directory = xasprintf("%s/esc-XXXXXX", where && *where == '/' ? where : "/tmp");
	char *database = NULL;
	struct query_db *db = NULL;

	if (!mkdtemp(directory)) {
		err_set(err, "%s: cannot create: %s", directory, strerror(errno));
		free(directory);
		return NULL;
	}
	database = xasprintf("%s/db", directory);
	if (source_analyze(traces, database, directory, options, err) == 0)
		db = query_open(database, err);
	unlink(database);
	rmdir(directory);
	free(database);
	free(directory);
	return db;
}

static bool
source_can_write(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
	bool can_write = access(directory, W_OK) == 0;

	free(directory);
	return can_write;
}

static bool
source_grows(const struct session *traces)
{
	bool grows = false;

	for (size_t i = 0; i < traces->count; i++)
		grows |= reader_may_grow(traces->traces[i]);
	return grows;
}

/* Something else has the name that the database would have. */
static bool
source_is_foreign(const char *database)
{
	struct stat status;

	return stat(database, &status) == 0 && status.st_size > 0 && !query_is_database(database);
}

/* What is made of several traces does not take the place of what is of the first alone. */
static struct query_db *
source_traces(const struct session *traces, const struct source_options *options, struct err *err)
{
	const char *trace = traces->traces[0];
	char *database = xasprintf(traces->count > 1 ? "%s.all.db" : "%s.db", trace);
	bool grows = source_grows(traces);
	const char *why = files_distrust(database, trace);
	struct query_db *db = NULL;

	if (why == NULL && source_is_foreign(database))
		why = "is no database";
	if (why != NULL)
		cmd_note("%s %s: it is neither used nor replaced", database, why);
	else if (!grows)
		db = source_reuse(database, traces, options);
	/* What other options give stays out of the way of the usual one. */
	if (!db &&
	    (why != NULL || grows || !source_is_default(options) || !source_can_write(trace)))
		db = source_once(traces, options, err);
	else if (!db && source_analyze(traces, database, NULL, options, err) == 0)
		db = query_open(database, err);
	free(database);
	return db;
}

/* The trace, and all that its run has, if it is the first of them (any: or another). */
static struct query_db *
source_trace(const char *trace, bool any, const struct source_options *options, struct err *err)
{
	struct session traces;
	struct query_db *db;

	session_find(&traces, trace, any);
	db = source_traces(&traces, options, err);
	session_release(&traces);
	return db;
}

static struct query_db *
source_file(const char *file, bool any, const struct source_options *options, struct err *err)
{
	struct query_db *db;

	if (source_is_trace(file))
		return source_trace(file, any, options, err);
	if (access(file, R_OK) < 0) {
		err_set(err, "%s: %s", file, strerror(errno));
		return NULL;
	}
	if (!query_is_database(file)) {
		if ((source_magic(file) & 0xffffffffU) == 0x464c457fU)
			err_set(err, "%s is a program, not a trace of one: esc run %s", file, file);
		else
			err_set(err,
			    "%s is neither a trace nor a database of "
			    "esc",
			    file);
		return NULL;
	}
	db = query_open(file, err);
	if (db && !source_is_default(options) && !source_matches(db, options)) {
		err_set(err,
		    "%s was made with other options; give the trace "
		    "instead",
		    file);
		query_close(db);
		return NULL;
	}
	return db;
}

struct query_db *
source_open(const char *file, const struct source_options *options, struct err *err)
{
	static const struct source_options usual;
	char *newest = NULL;
	struct query_db *db;

	if (!file) {
		newest = source_newest();
		file = newest;
	}
	if (!file) {
		err_set(err,
		    "no esc.*.esc here: name a trace or a database, "
		    "or make one with esc run PROG");
		return NULL;
	}
	db = source_file(file, newest != NULL, options ? options : &usual, err);
	free(newest);
	return db;
}
