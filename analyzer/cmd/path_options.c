#include "analyzer/cmd/path_options.h"

#include <getopt.h>
#include <stddef.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/util/paths.h"

static void
path_add(struct paths *paths, const struct cmd *cmd, const char *option)
{
	if (paths_add(paths, optarg) < 0)
		options_usage(cmd, "--%s is OLD=NEW, not %s", option, optarg);
}

void
path_option(struct paths *paths, const struct cmd *cmd, int key)
{
	if (key == PATH_OPTION_ROOT)
		paths_set_root(paths, optarg);
	else if (key == PATH_OPTION_MAP)
		path_add(paths, cmd, "map-path");
}

void
path_option_of_two(struct path_sides *sides, const struct cmd *cmd, int key)
{
	path_option(&sides->paths[1], cmd, key);
	if (key == PATH_OPTION_ROOT && !sides->has_root_before)
		paths_set_root(&sides->paths[0], optarg);
	else if (key == PATH_OPTION_MAP)
		path_add(&sides->paths[0], cmd, "map-path");
	else if (key == PATH_OPTION_MAP_BEFORE)
		path_add(&sides->paths[0], cmd, "map-path-before");
	else if (key == PATH_OPTION_ROOT_BEFORE) {
		paths_set_root(&sides->paths[0], optarg);
		sides->has_root_before = true;
	}
}

void
path_release_two(struct path_sides *sides)
{
	for (size_t i = 0; i < sizeof(sides->paths) / sizeof(*sides->paths); i++)
		paths_release(&sides->paths[i]);
}
