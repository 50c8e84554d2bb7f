#include "analyzer/cmd/path_options.h"

#include <getopt.h>
#include <stdlib.h>

#include "analyzer/format/rows.h"
#include "analyzer/util/paths.h"

void
path_option(struct paths *paths, const struct cmd *cmd, int key)
{
	if (key == PATH_OPTION_ROOT)
		paths_set_root(paths, optarg);
	else if (key == PATH_OPTION_MAP && paths_add(paths, optarg) < 0)
		options_usage(cmd, "--map-path is OLD=NEW, not %s", optarg);
}

void
path_options_apply(const struct paths *paths, struct rows *rows, const char *column)
{
	for (size_t i = 0; i < rows->count; i++) {
		/* rows are ours to change: they were loaded for this command */
		struct cell *cell = (struct cell *)rows_at(rows, i, column);
		char *shown;

		if (cell->type != CELL_TEXT)
			continue;
		shown = paths_shown(paths, cell->text);
		free(cell->text);
		cell->text = shown;
	}
}
