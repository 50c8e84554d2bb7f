#include "analyzer/cmd/output.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/options.h"
#include "analyzer/cmd/source.h"
#include "analyzer/export/export.h"
#include "analyzer/export/tree.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/files.h"
#include "analyzer/util/xalloc.h"

void
output_option(struct output *output, int key)
{
	if (key == 'o')
		output->path = optarg;
	else if (key == 'f')
		output->is_forced = true;
}

const struct tree_metric *
output_metric(const struct cmd *cmd, const char *name)
{
	const struct tree_metric *metric = tree_metric_find(name);

	if (!metric)
		options_usage(cmd, "no metric %s", name);
	return metric;
}

/* link() refuses a file that is there, also one that came meanwhile. */
static int
output_place(const struct output *output, const char *temporary)
{
	if (output->is_forced)
		return rename(temporary, output->path);
	if (link(temporary, output->path) < 0)
		return -1;
	return unlink(temporary);
}

static int
output_file(const struct output *output, const struct export *export,
    const struct export_options *options, struct query_db *db, struct err *err)
{
	char *temporary = xasprintf("%s.XXXXXX", output->path);
	int fd = files_create(temporary);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool is_cut;
	int rc;

	if (!file) {
		err_set(err, "%s: cannot create: %s", output->path, strerror(errno));
		free(temporary);
		return -1;
	}
	rc = export->write(options, db, file, err);
	/* of a piece that failed in between fclose knows nothing, nor errno */
	is_cut = ferror(file) != 0;
	if (fclose(file) != 0 && rc == 0)
		rc = err_set(err, "%s: %s", output->path, strerror(errno));
	if (is_cut && rc == 0)
		rc = err_set(err, "%s: cannot be written: is there room?", output->path);
	if (rc == 0 && output_place(output, temporary) < 0)
		rc = err_set(err, "%s: %s%s", output->path, strerror(errno),
		    errno == EEXIST ? " (-f replaces it)" : "");
	if (rc < 0)
		unlink(temporary);
	free(temporary);
	return rc;
}

int
output_export(const struct output *output, const struct export *export,
    const struct export_options *options, const char *file)
{
	bool is_stdout = strcmp(output->path, "-") == 0;
	struct err err = { "" };
	struct query_db *db;
	int rc = -1;

	if (is_stdout && output->is_for_browsers && isatty(STDOUT_FILENO)) {
		cmd_note("a picture is of no use on a terminal: -o OUT.svg, "
			 "then open it in a browser");
		return CMD_USAGE;
	}
	if (is_stdout && export->is_binary && isatty(STDOUT_FILENO)) {
		cmd_note("a database is of no use on a terminal: -o OUT.db");
		return CMD_USAGE;
	}
	db = source_open(file, NULL, &err);
	if (db)
		rc = output->is_anonymous ? query_anonymise(db, &err) : 0;
	if (rc == 0 && is_stdout)
		rc = export->write(options, db, stdout, &err);
	else if (rc == 0)
		rc = output_file(output, export, options, db, &err);
	query_close(db);
	if (rc < 0)
		return cmd_fail(&err);
	if (!is_stdout)
		cmd_note("wrote %s", output->path);
	return cmd_finish();
}
