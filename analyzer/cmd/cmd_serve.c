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

/* What the views ask for later, while the first one is looked at. */
static void *
serve_prepare(void *data)
{
	for (size_t i = 0; i < SHELF_RUNS; i++) {
		struct profile *profile = shelf_take(data, i);

		if (profile)
			document_prepare(profile, true);
		profile_drop(profile);
	}
	return NULL;
}

/* A file to be shown. */
struct serve_file {
	const char *path; /* NULL: none */
	bool is_live;     /* a trace that is still written */
	uint64_t took_ns; /* to read it */
};

static int
serve_load(
    const struct options *options, struct shelf *shelf, struct serve_file *files, struct err *err)
{
	const struct page_file how = { &options->source, NULL, &options->paths };
	struct timespec begun, now;

	for (size_t i = 0; i < SHELF_RUNS && (i == 0 || files[i].path); i++) {
		struct serve_file *file = &files[i];

		clock_gettime(CLOCK_MONOTONIC, &begun);
		/* asked first: what is closed meanwhile is then read once more */
		file->is_live =
		    file->path && source_is_trace(file->path) && reader_may_grow(file->path);
		if (page_file_load(&how, shelf, i, file->path, err) < 0)
			return -1;
		clock_gettime(CLOCK_MONOTONIC, &now);
		file->took_ns = (uint64_t)(now.tv_sec - begun.tv_sec) * 1000000000;
	}
	return 0;
}

/* Follows those that are still written. -1 and err set on failure. */
static int
serve_watch(const struct options *options, struct shelf *shelf, const struct serve_file *files,
    struct serve_live **watches, struct err *err)
{
	for (size_t i = 0; i < SHELF_RUNS; i++) {
		if (!files[i].is_live)
			continue;
		watches[i] = serve_live_start(shelf, i, files[i].path, &options->source,
		    &options->paths, files[i].took_ns, err);
		if (!watches[i])
			return -1;
	}
	return 0;
}

static int
serve_run(const struct options *options, struct shelf *shelf, const struct serve_file *files,
    struct err *err)
{
	int stop = serve_signals(); /* before there are threads, which inherit the mask */
	struct serve_live *watches[SHELF_RUNS] = { NULL };
	struct server *server;
	bool is_prepared = false;
	pthread_t prepares;
	int rc = -1;

	if (stop < 0)
		return err_set(err, "signals: %m");
	server = server_new(options->port, shelf, err);
	if (server) {
		rc = serve_watch(options, shelf, files, watches, err);
		if (rc == 0)
			rc = serve_say(options, server, err);
		if (rc == 0) {
			is_prepared = pthread_create(&prepares, NULL, serve_prepare, shelf) == 0;
			rc = server_run(server, stop, err);
		}
	}
	for (size_t i = 0; i < SHELF_RUNS; i++)
		serve_live_stop(watches[i]);
	if (is_prepared)
		pthread_join(prepares, NULL);
	server_free(server);
	close(stop);
	return rc;
}

static int
serve_files(const struct options *options, struct shelf *shelf, char **paths, struct err *err)
{
	char *newest = paths[0] ? NULL : source_newest();
	struct serve_file files[SHELF_RUNS] = { { .path = paths[0] ? paths[0] : newest } };
	int rc;

	for (size_t i = 1; paths[0] && i < SHELF_RUNS && paths[i]; i++)
		files[i].path = paths[i];
	rc = serve_load(options, shelf, files, err);
	if (rc == 0 && options->output.path)
		rc = page_file_write(&options->output, shelf, err);
	else if (rc == 0) {
		struct profile *profile = shelf_take(shelf, 0);

		/* what the first view asks for is to be there when somebody looks */
		document_prepare(profile, false);
		profile_drop(profile);
		rc = serve_run(options, shelf, files, err);
	}
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
