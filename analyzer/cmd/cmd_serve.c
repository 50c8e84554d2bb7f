/* esc serve: the sites of a run in a browser, on loopback. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/path_options.h"
#include "analyzer/cmd/source.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/paths.h"
#include "web/server/answer.h"
#include "web/server/document.h"
#include "web/server/server.h"

extern const struct cmd cmd_serve;

enum { SERVE_DEADLINE = 10 }; /* seconds for a statement */

static const struct option_def serve_options[] = {
	{ "port", 'p', "PORT", "listen there; 0, as without it, takes a free one" },
	PATH_OPTIONS,
	SOURCE_OPTIONS,
	{ NULL, 0, NULL, NULL },
};

struct options {
	struct source_options source;
	struct paths paths;
	uint16_t port;
};

static void
options_take(struct options *options, int key)
{
	if (key == 'p')
		options->port = (uint16_t)options_number(&cmd_serve, "port", 0, 65535);
	source_option(&options->source, &cmd_serve, key);
	path_option(&options->paths, &cmd_serve, key);
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

static int
serve_run(const struct options *options, const struct document *document, struct err *err)
{
	int stop = serve_signals(); /* before there are threads, which inherit the mask */
	struct server *server;
	char url[SERVER_URL];
	int rc = -1;

	if (stop < 0)
		return err_set(err, "signals: %m");
	server = server_new(options->port, document, err);
	if (server) {
		server_url(server, url);
		if (!answer_has_page())
			cmd_note("built without its page: only /api/info and /api/sites are there; "
				 "./quickstart builds it with");
		/* the URL is the result; the token in it lets whoever has it read */
		rc = printf("%s\n", url) < 0 || fflush(stdout) != 0 ? err_set(err, "stdout: %m")
								    : server_run(server, stop, err);
	}
	server_free(server);
	close(stop);
	return rc;
}

static int
serve_main(int argc, char **argv)
{
	struct options options = { .port = 0 };
	struct document *document = NULL;
	struct query_db *db;
	struct err err = { "" };
	int status = CMD_FAILED;
	int key;

	while ((key = options_next(&cmd_serve, argc, argv)) != OPTIONS_END)
		options_take(&options, key);
	if (argc - optind > 1)
		options_usage(&cmd_serve, "one file at a time");
	db = source_open(argv[optind], &options.source, &err);
	if (db) {
		query_set_deadline(db, SERVE_DEADLINE);
		document = document_new(db, &options.paths, &err);
	}
	query_close(db);
	if (document && serve_run(&options, document, &err) == 0)
		status = CMD_OK;
	else
		cmd_fail(&err);
	document_free(document);
	source_release(&options.source);
	paths_release(&options.paths);
	return status;
}

const struct cmd cmd_serve = {
	.name = "serve",
	.usage = "[OPTION...] [FILE]",
	.summary = "show the sites of a run in a browser, on loopback",
	.options = serve_options,
	.run = serve_main,
};
