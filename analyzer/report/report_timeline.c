#include "analyzer/format/rows.h"
#include "analyzer/report/report.h"

static const struct column columns[] = {
	{ "at_ns", "until", COLUMN_NS },
	{ "live_bytes", "live", COLUMN_BYTES },
	{ "allocations", "allocations", COLUMN_COUNT },
	{ "frees", "frees", COLUMN_COUNT },
};

/* Times of several runs have nothing in common: those of the first. */
const struct report report_timeline = {
	.name = "timeline",
	.summary = "what was allocated, freed and live, slice by slice of the first run",
	.sql = "SELECT at, live_bytes, allocations, frees FROM timeline"
	       " WHERE run = (SELECT min(id) FROM run) ORDER BY at",
	.columns = columns,
	.width = sizeof(columns) / sizeof(*columns),
};
