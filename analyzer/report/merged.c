#include "analyzer/report/merged.h"

#include <stddef.h>
#include <stdint.h>

#include "analyzer/escape/verdict.h"
#include "analyzer/report/same_sites.h"
#include "analyzer/util/strbuf.h"

/* The rules are verdict.c's: these make them known to SQL. */
static const char *
merged_verdict(const double *values)
{
	struct verdict_facts facts = {
		.fates = { [FATE_LOCAL] = (uint64_t)values[0],
		    [FATE_UP] = (uint64_t)values[1],
		    [FATE_THREAD] = (uint64_t)values[2],
		    [FATE_LIVE] = (uint64_t)values[3],
		    [FATE_UNKNOWN] = (uint64_t)values[4] },
		.far = (uint64_t)values[5],
		.activations = (uint64_t)values[6],
		.reallocs = (uint64_t)values[7],
		.size_min = (uint64_t)values[8],
		.size_max = (uint64_t)values[9],
		.stack_limit = (uint64_t)values[10],
	};

	return verdict_find(&facts)->name;
}

static double
merged_far(const double *values)
{
	return values[0] > VERDICT_UP_MAX || values[1] != 0;
}

static double
merged_upper(const double *values)
{
	return verdict_rate_upper(values[0], values[1]);
}

const struct query_function merged_functions[] = {
	{ .name = "verdict_of", .count = 11, .text = merged_verdict },
	{ .name = "verdict_is_far", .count = 2, .real = merged_far },
	{ .name = "verdict_rate_upper", .count = 2, .real = merged_upper },
	{ .name = NULL },
};

int
merged_bind(struct query_db *db, struct query *query, struct err *err)
{
	struct strbuf ids = { 0 };
	int rc = same_sites_find(db, &ids, err);

	if (rc == 0)
		query_bind_text(query, 1, ids.text);
	strbuf_release(&ids);
	return rc;
}
