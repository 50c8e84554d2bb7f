#include "analyzer/cmd/output.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/filter_options.h"
#include "analyzer/cmd/options.h"
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

/* link() refuses a file that is there, also one that came meanwhile. What is no file, a
 * device for one, is not replaced by any force. */
static int
output_place(const struct output *output, const char *temporary)
{
	struct stat status;

	if (output->is_forced && lstat(output->path, &status) == 0 && !S_ISREG(status.st_mode) &&
	    !S_ISLNK(status.st_mode)) {
		errno = ENOTSUP;
		return -1;
	}
	if (output->is_forced)
		return rename(temporary, output->path);
	if (link(temporary, output->path) < 0)
		return -1;
	return unlink(temporary);
}

int
output_whole(const struct output *output, int (*write)(void *data, FILE *out, struct err *err),
    void *data, struct err *err)
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
	rc = write(data, file, err);
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

/* What output_export was given, for output_whole. */
struct output_task {
	const struct export *export;
	const struct export_options *options;
	struct query_db *db;
};

static int
output_task_write(void *data, FILE *out, struct err *err)
{
	struct output_task *task = data;

	return task->export->write(task->options, task->db, out, err);
}

/* What is of no use on a terminal: whether that is where it would go, which is said. */
static bool
output_is_useless(const struct output *output, const struct export *export)
{
	if (strcmp(output->path, "-") != 0 || !isatty(STDOUT_FILENO))
		return false;
	if (output->is_for_browsers)
		cmd_note("a picture is of no use on a terminal: -o OUT.svg, "
			 "then open it in a browser");
	else if (export->is_binary)
		cmd_note("%s is of no use on a terminal: -o OUT.%s", export->name,
		    export->extension ? export->extension : "json");
	return output->is_for_browsers || export->is_binary;
}

int
output_export_db(const struct output *output, const struct export *export,
    const struct export_options *options, struct query_db *db)
{
	bool is_stdout = strcmp(output->path, "-") == 0;
	struct output_task task = { export, options, db };
	struct err err = { "" };
	int rc;

	if (output_is_useless(output, export))
		return CMD_USAGE;
	if (is_stdout)
		rc = export->write(options, db, stdout, &err);
	else
		rc = output_whole(output, output_task_write, &task, &err);
	if (rc < 0)
		return cmd_fail(&err);
	if (!is_stdout)
		cmd_note("wrote %s", output->path);
	return cmd_finish();
}

int
output_export(const struct output *output, const struct export *export,
    const struct export_options *options, const char *file)
{
	struct err err = { "" };
	struct query_db *db;
	int status = CMD_FAILED;

	/* before a trace is read for nothing */
	if (output_is_useless(output, export))
		return CMD_USAGE;
	db = filter_open(file, NULL, &output->filter, &err);
	if (db && (!output->is_anonymous || query_anonymise(db, &err) == 0))
		status = output_export_db(output, export, options, db);
	else
		cmd_fail(&err);
	query_close(db);
	return status;
}
