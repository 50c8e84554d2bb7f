#include "analyzer/cmd/serve_live.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyzer/cmd/child.h"
#include "analyzer/cmd/source.h"
#include "analyzer/store/query.h"
#include "analyzer/trace/reader.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"
#include "web/server/document.h"
#include "web/server/profile.h"
#include "web/server/shelf.h"

enum {
	LIVE_REST_MS = 2000, /* at least, between two */
	LIVE_SHARE = 5,      /* times what the last one took of the processors */
	LIVE_MOST_MS = 600000,
};

struct serve_live {
	struct shelf *shelf;
	size_t run; /* its place there */
	const char *trace;
	const struct source_options *options;
	const struct paths *paths;
	uint64_t took_ns;
	char *directory; /* of the database */
	char *database;
	int stop; /* readable: end */
	pthread_t thread;
};

/* Of all its threads, and of the processes that read modules for it. */
static uint64_t
live_spent(const struct rusage *usage)
{
	const struct timeval *user = &usage->ru_utime, *kernel = &usage->ru_stime;

	return (uint64_t)(user->tv_sec + kernel->tv_sec) * 1000000000 +
	    (uint64_t)(user->tv_usec + kernel->tv_usec) * 1000;
}

/* True: we are to end. */
static bool
live_rest(const struct serve_live *live)
{
	struct pollfd stop = { .fd = live->stop, .events = POLLIN };
	uint64_t ms = live->took_ns / 1000000 * LIVE_SHARE;

	if (ms < LIVE_REST_MS)
		ms = LIVE_REST_MS;
	if (ms > LIVE_MOST_MS)
		ms = LIVE_MOST_MS;
	return poll(&stop, 1, (int)ms) > 0;
}

static bool
live_is_stopped(const struct serve_live *live)
{
	struct pollfd stop = { .fd = live->stop, .events = POLLIN };

	return poll(&stop, 1, 0) > 0;
}

/* ---- one analysis */

struct live_arguments {
	const char **list;
	char **made; /* of them, to be freed */
	size_t count, cap, made_count, made_cap;
};

static void
arguments_add(struct live_arguments *arguments, const char *text)
{
	arguments->list =
	    xgrow(arguments->list, &arguments->cap, arguments->count + 1, sizeof(*arguments->list));
	arguments->list[arguments->count++] = text;
}

static void
arguments_make(struct live_arguments *arguments, char *text)
{
	arguments->made = xgrow(arguments->made, &arguments->made_cap, arguments->made_count + 1,
	    sizeof(*arguments->made));
	arguments->made[arguments->made_count++] = text;
	arguments_add(arguments, text);
}

/* As this command was called. */
static void
arguments_fill(struct live_arguments *arguments, const struct serve_live *live, const char *trace)
{
	const struct source_options *options = live->options;

	arguments_add(arguments, "esc");
	arguments_add(arguments, "analyze");
	arguments_add(arguments, "--quiet");
	arguments_add(arguments, "--force");
	arguments_make(arguments, xasprintf("--output=%s", live->database));
	for (size_t i = 0; i < options->wrapper_count; i++)
		arguments_make(arguments, xasprintf("--wrapper=%s", options->wrappers[i]));
	for (size_t i = 0; i < options->no_wrapper_count; i++)
		arguments_make(arguments, xasprintf("--no-wrapper=%s", options->no_wrappers[i]));
	if (options->stack_limit > 0)
		arguments_make(arguments,
		    xasprintf("--stack-limit=%llu", (unsigned long long)options->stack_limit));
	if (options->memory > 0)
		arguments_make(
		    arguments, xasprintf("--memory=%llu", (unsigned long long)options->memory));
	if (options->no_symbol_cache)
		arguments_add(arguments, "--no-symbol-cache");
	arguments_add(arguments, "--");
	arguments_add(arguments, trace);
	arguments_add(arguments, NULL);
}

static void
arguments_release(struct live_arguments *arguments)
{
	for (size_t i = 0; i < arguments->made_count; i++)
		free(arguments->made[i]);
	free(arguments->made);
	free(arguments->list);
}

/* Its first words into text, until it ends or we are to. */
static void
live_listen(const struct serve_live *live, int said, char *text, size_t size)
{
	struct pollfd polls[2] = {
		{ .fd = said, .events = POLLIN },
		{ .fd = live->stop, .events = POLLIN },
	};
	char bytes[512];
	size_t len = 0;

	for (;;) {
		ssize_t got;

		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			break;
		if (polls[1].revents != 0)
			break;
		got = read(said, bytes, sizeof(bytes));
		if (got <= 0)
			break;
		for (ssize_t i = 0; i < got && len + 1 < size; i++)
			text[len++] = bytes[i];
	}
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

/* 0: the database is made. */
static int
live_analyze(struct serve_live *live, const char *trace, struct err *err)
{
	struct rusage usage = { 0 };
	struct live_arguments arguments = { .count = 0 };
	char text[512];
	int said[2], status = -1;
	pid_t pid;

	if (pipe2(said, O_CLOEXEC) < 0)
		return err_set(err, "an analysis does not start: %m");
	arguments_fill(&arguments, live, trace);
	pid = child_start("/proc/self/exe", arguments.list, said[1]);
	arguments_release(&arguments);
	if (pid < 0)
		err_set(err, "an analysis does not start: %m");
	close(said[1]);
	if (pid >= 0)
		live_listen(live, said[0], text, sizeof(text));
	close(said[0]);
	if (pid < 0)
		return -1;
	if (live_is_stopped(live))
		(void)kill(pid, SIGTERM);
	while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
		;
	live->took_ns = live_spent(&usage);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(err, "%s",
	    strncmp(text, "esc: ", 5) == 0 ? text + 5
		: *text                    ? text
					   : "an analysis was ended");
}

/* What the trace is called by now: it may have been packed. The caller frees it. */
static char *
live_trace(const struct serve_live *live)
{
	char *packed;

	if (access(live->trace, R_OK) == 0)
		return xstrdup(live->trace);
	packed = xasprintf("%s.zst", live->trace);
	if (access(packed, R_OK) == 0)
		return packed;
	free(packed);
	return xstrdup(live->trace);
}

static int
live_show(const struct serve_live *live, struct err *err)
{
	struct query_db *db = query_open(live->database, err);
	struct profile *profile = db ? profile_new(db, live->trace, live->paths, err) : NULL;

	if (!profile)
		return -1;
	document_prepare(profile, true);
	shelf_put(live->shelf, live->run, profile);
	return 0;
}

/* One pass. False: it was the last. */
static bool
live_pass(struct serve_live *live)
{
	char *trace = live_trace(live);
	bool grows = reader_may_grow(trace);
	struct err err = { "" };
	int rc = live_analyze(live, trace, &err);

	if (rc == 0)
		rc = live_show(live, &err);
	unlink(live->database);
	shelf_tell(live->shelf, live->run, grows, rc < 0 ? err.text : NULL);
	free(trace);
	return grows;
}

static void *
live_main(void *data)
{
	struct serve_live *live = data;

	do {
		if (live_rest(live))
			break;
	} while (live_pass(live));
	return NULL;
}

/* ---- its beginning and end */

static void
live_free(struct serve_live *live)
{
	if (live->stop >= 0)
		close(live->stop);
	if (live->database)
		unlink(live->database);
	if (live->directory)
		rmdir(live->directory);
	free(live->database);
	free(live->directory);
	free(live);
}

struct serve_live *
/* NOLINTNEXTLINE(readability-function-size): what a look at the trace needs */
serve_live_start(struct shelf *shelf, size_t run, const char *trace,
    const struct source_options *options, const struct paths *paths, uint64_t took_ns,
    struct err *err)
{
	const char *where = getenv("XDG_RUNTIME_DIR");
	struct serve_live *live = xcalloc(1, sizeof(*live));
	char *directory = xasprintf("%s/esc-XXXXXX", where && *where == '/' ? where : "/tmp");

	*live =
	    (struct serve_live){ shelf, run, trace, options, paths, took_ns, NULL, NULL, -1, 0 };
	if (!mkdtemp(directory)) {
		err_set(err, "%s: cannot create: %m", directory);
		free(directory);
		live_free(live);
		return NULL;
	}
	live->directory = directory;
	live->database = xasprintf("%s/db", directory);
	live->stop = eventfd(0, EFD_CLOEXEC);
	shelf_tell(shelf, run, true, NULL);
	if (live->stop >= 0 && pthread_create(&live->thread, NULL, live_main, live) == 0)
		return live;
	err_set(err, "a thread for the live trace: %m");
	live_free(live);
	return NULL;
}

void
serve_live_stop(struct serve_live *live)
{
	uint64_t one = 1;

	if (!live)
		return;
	if (write(live->stop, &one, sizeof(one)) == (ssize_t)sizeof(one))
		pthread_join(live->thread, NULL);
	live_free(live);
}
