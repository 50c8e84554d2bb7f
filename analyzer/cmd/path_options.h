/* --map-path and --source-root, of the commands that name sources. */
#ifndef CMD_PATH_OPTIONS_H
#define CMD_PATH_OPTIONS_H

#include <stdbool.h>

#include "analyzer/cmd/options.h"
#include "analyzer/util/paths.h"

struct cmd;

/* Of two files, whose sources may be two trees. Zero-initialised: no rule, no root. */
struct path_sides {
	struct paths paths[2];
	bool has_root_before; /* its own */
};

enum {
	PATH_OPTION_MAP = OPTIONS_KEY + 800,
	PATH_OPTION_ROOT,
	PATH_OPTION_MAP_BEFORE,
	PATH_OPTION_ROOT_BEFORE
};

/* Lines for the option table of a command that takes them. */
#define PATH_OPTIONS                                                                            \
	{ "map-path", PATH_OPTION_MAP, "OLD=NEW",                                               \
		"sources below OLD are below NEW; may be repeated" },                           \
	{                                                                                       \
		"source-root", PATH_OPTION_ROOT, "DIR", "show sources below DIR relative to it" \
	}

/* The same for the first of two files alone. */
#define PATH_OPTIONS_BEFORE                                                                  \
	{ "map-path-before", PATH_OPTION_MAP_BEFORE, "OLD=NEW", "the same, of A alone" },    \
	{                                                                                    \
		"source-root-before", PATH_OPTION_ROOT_BEFORE, "DIR", "the same, of A alone" \
	}

/* Takes an option of that key from optarg; does nothing with others. */
void path_option(struct paths *paths, const struct cmd *cmd, int key);
/* The same for two files: what is not for the first alone is for both. A root of its own
 * counts wherever it stands, and of rules the last one that fits, as ever. */
void path_option_of_two(struct path_sides *sides, const struct cmd *cmd, int key);
void path_release_two(struct path_sides *sides);

#endif
