/* --filter, of the commands that tell of a part of the blocks. */
#ifndef CMD_FILTER_OPTIONS_H
#define CMD_FILTER_OPTIONS_H

#include "analyzer/cmd/options.h"
#include "analyzer/store/filter.h"

struct cmd;
struct err;
struct query_db;
struct source_options;

enum { FILTER_OPTION = OPTIONS_KEY + 700 };

/* Lines for the option table of a command that takes it. */
#define FILTER_OPTIONS                                                         \
	{                                                                      \
		"filter", FILTER_OPTION, "KEY=PATTERN",                        \
		    "only blocks that pass: " FILTER_NAMES "; may be repeated" \
	}

/* Takes an option of that key from optarg; does nothing with others. */
void filter_option(struct filter *filter, const struct cmd *cmd, int key);
/* source_open, and filter_apply, which see; says how exact that was. */
struct query_db *filter_open(const char *file, const struct source_options *options,
    const struct filter *filter, struct err *err);

#endif
