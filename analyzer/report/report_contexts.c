#include "analyzer/format/rows.h"
#include "analyzer/report/report.h"

extern const struct report report_contexts;

/* Of the sites of ?1, a JSON array of their ids; stacks are shared. */
/* clang-format off */
static const char sql[] =
    "WITH merged AS ("
    " SELECT stack, count(*) AS runs, max(estimated) AS top, verdict AS given, callers, owner,"
    "  owner_distance, add_up(observed) AS observed, total(estimated) AS estimated,"
    "  total(bytes) AS bytes, add_up(local) AS local, add_up(up) AS up, add_up(far) AS far,"
    "  add_up(thread) AS thread, add_up(live) AS live, add_up(censored) AS censored,"
    "  add_up(unknown) AS unknown, add_up(reallocs) AS reallocs,"
    "  add_up(activations) AS activations,"
    "  min(size_min) AS size_min, max(size_max) AS size_max"
    " FROM site_context WHERE site IN (SELECT value FROM json_each(?1)) GROUP BY stack)"
    " SELECT CASE WHEN runs = 1 THEN given ELSE verdict_of(local, up, thread, live, unknown,"
    "   far, activations, reallocs, size_min, size_max,"
    "   (SELECT max(stack_limit) FROM run)) END,"
    "  (SELECT o.function FROM frame o WHERE o.id = m.owner),"
    "  CASE WHEN owner IS NULL THEN NULL ELSE owner_distance END,"
    "  observed, estimated, bytes, local, up, thread, live, censored, unknown,"
    "  size_min, size_max, activations, stack, stack, callers"
    " FROM merged m ORDER BY estimated DESC, stack";
/* clang-format on */

static const struct column columns[] = {
	{ "verdict", NULL, COLUMN_TEXT },
	{ "owner.function", NULL, COLUMN_TEXT },
	{ "owner.distance", NULL, COLUMN_INT },
	{ "blocks.observed", NULL, COLUMN_COUNT },
	{ "blocks.estimated", NULL, COLUMN_COUNT },
	{ "bytes.estimated", NULL, COLUMN_BYTES },
	{ "fates.local", NULL, COLUMN_COUNT },
	{ "fates.up", NULL, COLUMN_COUNT },
	{ "fates.thread", NULL, COLUMN_COUNT },
	{ "fates.live", NULL, COLUMN_COUNT },
	{ "fates.censored", NULL, COLUMN_COUNT },
	{ "fates.unknown", NULL, COLUMN_COUNT },
	{ "size.min", NULL, COLUMN_BYTES },
	{ "size.max", NULL, COLUMN_BYTES },
	{ "activations", NULL, COLUMN_COUNT },
	{ "stack", NULL, COLUMN_STACK },
	{ ".stack_id", NULL, COLUMN_INT },
	{ ".callers", NULL, COLUMN_INT },
};

const struct report report_contexts = {
	.name = "contexts",
	.summary = "the blocks of a site by who called it, where that matters",
	.sql = sql,
	.columns = columns,
	.width = sizeof(columns) / sizeof(*columns),
};
