/* --map-path and --source-root, of the commands that name sources. */
#ifndef CMD_PATH_OPTIONS_H
#define CMD_PATH_OPTIONS_H

#include "analyzer/cmd/options.h"

struct cmd;
struct paths;

enum { PATH_OPTION_MAP = OPTIONS_KEY + 800, PATH_OPTION_ROOT };

/* Lines for the option table of a command that takes them. */
#define PATH_OPTIONS                                                                            \
	{ "map-path", PATH_OPTION_MAP, "OLD=NEW",                                               \
		"sources below OLD are below NEW; may be repeated" },                           \
	{                                                                                       \
		"source-root", PATH_OPTION_ROOT, "DIR", "show sources below DIR relative to it" \
	}

/* Takes an option of that key from optarg; does nothing with others. */
void path_option(struct paths *paths, const struct cmd *cmd, int key);

#endif
