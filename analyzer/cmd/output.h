/* Where a command's result goes: stdout, or a file that appears whole. */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "analyzer/store/filter.h"

struct cmd;
struct err;
struct export;
struct export_options;
struct query_db;
struct tree_metric;

struct output {
	const char *path;     /* "-": stdout */
	bool is_forced;       /* replaces a file */
	bool is_for_browsers; /* of no use on a terminal */
	bool is_anonymous;    /* query_anonymise comes first */
	struct filter filter; /* and before that this, of output_export alone */
};

/* Takes -o and -f; does nothing with other keys. */
void output_option(struct output *output, int key);
/* The metric of that name, or a usage error. */
const struct tree_metric *output_metric(const struct cmd *cmd, const char *name);
/* Writes a file by a function, which returns -1 and sets err on failure: it appears whole, or
 * not at all, and replaces none unless forced. -1 and err set on failure. */
int output_whole(const struct output *output, int (*write)(void *data, FILE *out, struct err *err),
    void *data, struct err *err);
/* Exports a database that is open. Returns the exit status. */
int output_export_db(const struct output *output, const struct export *export,
    const struct export_options *options, struct query_db *db);
/* Exports the database of file (see source.h). Returns the exit status. */
int output_export(const struct output *output, const struct export *export,
    const struct export_options *options, const char *file);

#endif
