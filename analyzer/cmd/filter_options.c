#include "analyzer/cmd/filter_options.h"

#include <getopt.h>

#include "analyzer/cmd/cmd.h"
#include "analyzer/cmd/source.h"
#include "analyzer/store/filter.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/show.h"

void
filter_option(struct filter *filter, const struct cmd *cmd, int key)
{
	struct err err;

	if (key == FILTER_OPTION && filter_add(filter, optarg, &err) < 0)
		options_usage(cmd, "%s", err.text);
}

struct query_db *
filter_open(const char *file, const struct source_options *options, const struct filter *filter,
    struct err *err)
{
	struct query_db *db = source_open(file, options, err);
	struct filter_said said;

	if (!db)
		return NULL;
	if (filter_apply(filter, db, &said, err) < 0) {
		query_close(db);
		return NULL;
	}
	if (said.slice > 0)
		cmd_note("time is known in slices of %.3g s: all that the range touches count",
		    said.slice);
	if (said.others > 0)
		cmd_note("%.0f block%s of threads that are not known one by one %s left out",
		    said.others, show_s(said.others), show_is_one(said.others) ? "is" : "are");
	return db;
}
