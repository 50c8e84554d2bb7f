/* Where a command's result goes: stdout, or a file that appears whole. */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

#include <stdbool.h>

struct cmd;
struct export;
struct export_options;
struct tree_metric;

struct output {
	const char *path;     /* "-": stdout */
	bool is_forced;       /* replaces a file */
	bool is_for_browsers; /* of no use on a terminal */
	bool is_anonymous;    /* query_anonymise comes first */
};

/* Takes -o and -f; does nothing with other keys. */
void output_option(struct output *output, int key);
/* The metric of that name, or a usage error. */
const struct tree_metric *output_metric(const struct cmd *cmd, const char *name);
/* Exports the database of file (see source.h). Returns the exit status. */
int output_export(const struct output *output, const struct export *export,
    const struct export_options *options, const char *file);

#endif
