/* esc serve: a run in a browser, on loopback or as one file. */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "analyzer/cmd/child.h"
#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/output.h"
#include "analyzer/cmd/page_file.h"
#include "analyzer/cmd/path_options.h"
#include "analyzer/cmd/serve_live.h"
#include "analyzer/cmd/source.h"
#include "analyzer/store/query.h"
#include "analyzer/trace/reader.h"
#include "analyzer/util/err.h"
#include "analyzer/util/paths.h"
#include "web/server/bundle.h"
#include "web/server/document.h"
#include "web/server/profile.h"
#include "web/server/server.h"
#include "web/server/shelf.h"

extern const struct cmd cmd_serve;

enum { SERVE_HTML = OPTIONS_KEY, SERVE_OPEN };

static const struct option_def serve_options[] = {
	{ "port", 'p', "PORT", "listen there; 0, as without it, takes a free one" },
	{ "open", SERVE_OPEN, NULL, "open the page by xdg-open" },
	{ "html", SERVE_HTML, "OUT", "write the page with its data to one file instead" },
	{ "force", 'f', NULL, "replace OUT if it is there" },
	PATH_OPTIONS,
	SOURCE_OPTIONS,
	{ NULL, 0, NULL, NULL },
};

struct options {
	struct source_options source;
	struct paths paths;
	struct output output; /* path NULL: serve */
	uint16_t port;
	bool is_opened;
};

static void
options_take(struct options *options, int key)
{
	switch (key) {
	case 'p': options->port = (uint16_t)options_number(&cmd_serve, "port", 0, 65535); break;
	case SERVE_HTML: options->output.path = optarg; break;
	case SERVE_OPEN: options->is_opened = true; break;
	default:
		output_option(&options->output, key);
		source_option(&options->source, &cmd_serve, key);
		path_option(&options->paths, &cmd_serve, key);
	}
}

/* Readable when somebody wants us to end. -1, errno set. */
static int
serve_signals(void)
{
	sigset_t ends;

	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGINT);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &ends, NULL) != 0)
		return -1;
	return signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Its token is in the list of processes then; the user has asked for that. Nobody waits
 * for it. */
static void
serve_open(const char *url)
{
	const char *const arguments[] = { "xdg-open", url, NULL };

	if (child_start("xdg-open", arguments, STDERR_FILENO) < 0)
		cmd_note("xdg-open does not start: open the URL yourself");
}

static int
serve_say(const struct options *options, const struct server *server, struct err *err)
{
	char url[SERVER_URL];

	server_url(server, url);
	if (!bundle_is_whole())
		cmd_note("built without its page: only /api/info and other documents are there; "
			 "./quickstart builds it with");
	/* the URL is the result; the token in it lets whoever has it read */
	if (printf("%s\n", url) < 0 || fflush(stdout) != 0)
		return err_set(err, "stdout: %m");
	if (options->is_opened)
		serve_open(url);
	return 0;
}

/* A file to be shown. */
struct serve_file {
	const char *path;    /* NULL: none */
	struct query_db *db; /* until it is read; NULL: none */
	bool is_live;        /* a trace that is still written */
	uint64_t took_ns;    /* of the processors, to analyze it */
};

struct serve {
	const struct options *options;
	struct page_file how;
	struct shelf *shelf;
	struct server *server;
	struct serve_file files[SHELF_RUNS];
	struct serve_live *watches[SHELF_RUNS]; /* of those that are still written */
};

/* Opens them, which analyzes traces: not beside a thread, and what is none fails early. */
static int
serve_open_files(struct serve *serve, struct err *err)
{
	struct timespec begun, now;

	for (size_t i = 0; i < SHELF_RUNS && (i == 0 || serve->files[i].path); i++) {
		struct serve_file *file = &serve->files[i];

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begun);
		/* asked first: what is closed meanwhile is then read once more */
		file->is_live =
		    file->path && source_is_trace(file->path) && reader_may_grow(file->path);
		file->db = page_file_open(&serve->how, file->path, err);
		if (!file->db)
			return -1;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
		file->took_ns = (uint64_t)((now.tv_sec - begun.tv_sec) * 1000000000 +
		    (now.tv_nsec - begun.tv_nsec));
	}
	return 0;
}

static int
serve_read_files(struct serve *serve, struct err *err)
{
	for (size_t i = 0; i < SHELF_RUNS; i++) {
		struct query_db *db = serve->files[i].db;

		serve->files[i].db = NULL;
		if (db &&
		    page_file_read(&serve->how, db, serve->shelf, i, serve->files[i].path, err) < 0)
			return -1;
	}
	return 0;
}

/* Follows those that are still written. -1 and err set on failure. */
static int
serve_watch(struct serve *serve, struct err *err)
{
	for (size_t i = 0; i < SHELF_RUNS; i++) {
		const struct serve_file *file = &serve->files[i];

		if (!file->is_live)
			continue;
		serve->watches[i] = serve_live_start(serve->shelf, i, file->path,
		    &serve->options->source, &serve->options->paths, file->took_ns, err);
		if (!serve->watches[i])
			return -1;
	}
	return 0;
}

/* Makes what a page asks for first, or all that its views do. */
static void
serve_prepare(struct shelf *shelf, bool is_all)
{
	for (size_t i = 0; i < (is_all ? (size_t)SHELF_RUNS : 1); i++) {
		struct profile *profile = shelf_take(shelf, i);

		if (profile)
			document_prepare(profile, is_all);
		profile_drop(profile);
	}
}

/* What the views ask for later, while the first one is looked at. */
static void *
serve_prepare_all(void *data)
{
	serve_prepare(data, true);
	return NULL;
}

/* Answers until somebody wants us to end. */
static int
serve_answer(struct serve *serve, int stop, struct err *err)
{
	pthread_t prepares;
	int rc;

	errno = pthread_create(&prepares, NULL, serve_prepare_all, serve->shelf);
	if (errno != 0)
		return err_set(err, "a thread: %m");
	rc = serve_say(serve->options, serve->server, err);
	if (rc == 0)
		rc = server_run(serve->server, stop, err);
	pthread_join(prepares, NULL);
	return rc;
}

static int
serve_run(struct serve *serve, struct err *err)
{
	int stop = serve_signals(); /* before there are threads, which inherit the mask */
	int rc = -1;

	if (stop < 0)
		return err_set(err, "signals: %m");
	serve_prepare(serve->shelf, false);
	serve->server = server_new(serve->options->port, serve->shelf, err);
	if (serve->server)
		rc = serve_watch(serve, err);
	if (rc == 0)
		rc = serve_answer(serve, stop, err);
	for (size_t i = 0; i < SHELF_RUNS; i++)
		serve_live_stop(serve->watches[i]);
	server_free(serve->server);
	close(stop);
	return rc;
}

static int
serve_files(const struct options *options, struct shelf *shelf, char **paths, struct err *err)
{
	char *newest = paths[0] ? NULL : source_newest();
	struct serve serve = {
		.options = options,
		.how = { &options->source, NULL, &options->paths },
		.shelf = shelf,
		.files = { { .path = paths[0] ? paths[0] : newest } },
	};
	int rc;

	for (size_t i = 1; paths[0] && i < SHELF_RUNS && paths[i]; i++)
		serve.files[i].path = paths[i];
	rc = serve_open_files(&serve, err);
	if (rc == 0)
		rc = serve_read_files(&serve, err);
	if (rc == 0)
		rc = options->output.path ? page_file_write(&options->output, shelf, err)
					  : serve_run(&serve, err);
	for (size_t i = 0; i < SHELF_RUNS; i++)
		query_close(serve.files[i].db);
	free(newest);
	return rc;
}

static int
serve_main(int argc, char **argv)
{
	struct options options = { .port = 0 };
	struct shelf shelf;
	struct err err = { "" };
	int status = CMD_FAILED;
	int key;

	while ((key = options_next(&cmd_serve, argc, argv)) != OPTIONS_END)
		options_take(&options, key);
	if (argc - optind > SHELF_RUNS)
		options_usage(&cmd_serve, "one file, or two to compare");
	if (options.output.path && (options.is_opened || options.port != 0))
		options_usage(&cmd_serve, "--html=OUT serves nothing");
	if (options.output.path && strcmp(options.output.path, "-") == 0 && isatty(STDOUT_FILENO))
		options_usage(&cmd_serve, "a page is of no use on a terminal: --html=OUT.html");
	shelf_init(&shelf);
	if (serve_files(&options, &shelf, argv + optind, &err) == 0)
		status = options.output.path ? cmd_finish() : CMD_OK;
	else
		cmd_fail(&err);
	shelf_release(&shelf);
	source_release(&options.source);
	paths_release(&options.paths);
	return status;
}

const struct cmd cmd_serve = {
	.name = "serve",
	.usage = "[OPTION...] [FILE [OTHER]]",
	.summary = "show a run, or two, in a browser, on loopback or as one file",
	.options = serve_options,
	.run = serve_main,
};
