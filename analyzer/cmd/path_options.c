#include "analyzer/cmd/path_options.h"

#include <getopt.h>

#include "analyzer/util/paths.h"

void
path_option(struct paths *paths, const struct cmd *cmd, int key)
{
	if (key == PATH_OPTION_ROOT)
		paths_set_root(paths, optarg);
	else if (key == PATH_OPTION_MAP && paths_add(paths, optarg) < 0)
		options_usage(cmd, "--map-path is OLD=NEW, not %s", optarg);
}
