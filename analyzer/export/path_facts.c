#include "analyzer/export/path_facts.h"

#include <stdlib.h>

#include "analyzer/export/stack_paths.h"
#include "analyzer/export/tree.h"
#include "analyzer/format/rows.h"
#include "analyzer/report/report.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/map.h"
#include "analyzer/util/xalloc.h"

static double
facts_bounded(double value, double most)
{
	if (!(value > 0))
		return 0;
	return value < most ? value : most;
}

static double
facts_real(const struct query *query, int column)
{
	return facts_bounded(query_real(query, column), 0x1p53);
}

static int64_t
facts_life(const struct query *query, int column)
{
	return query_type(query, column) == QUERY_NULL ? -1 : query_int(query, column);
}

/* All but what the report says. */
static struct path_fact
facts_row(struct stack_paths *paths, const struct query *query)
{
	return (struct path_fact){ .site = query_int(query, 0),
		.stack = query_int(query, 1),
		.blocks = facts_real(query, 2),
		.bytes = facts_real(query, 3),
		.cost = facts_real(query, 4),
		.local = facts_real(query, 5),
		.up = facts_real(query, 6),
		.thread = facts_real(query, 7),
		.live = facts_real(query, 8),
		.unknown = facts_real(query, 9),
		.live_bytes = facts_real(query, 10),
		.life = facts_bounded(query_real(query, 11), 0x1p63),
		.life_min = facts_life(query, 12),
		.life_max = facts_life(query, 13),
		.allocator = stack_paths_text(&paths->allocators, query_text(query, 14)),
		.peak_blocks = facts_real(query, 15),
		.peak_bytes = facts_real(query, 16),
		.life_squares = facts_bounded(query_real(query, 17), 0x1p126) };
}

/* In the order of the paths. */
static int
facts_load_rows(struct stack_paths *paths, struct query_db *db, struct err *err)
{
	struct query *query = query_prepare(db,
	    "SELECT p.site, p.stack, p.blocks, p.bytes, p.cost, p.local, p.up, p.thread, p.live,"
	    " p.unknown, p.live_bytes, p.life, s.life_min, s.life_max, s.allocator, p.peak_blocks,"
	    " p.peak_bytes, p.life_squares FROM path p"
	    " JOIN " PATHS_SITES " g ON g.id = p.site JOIN site s ON s.id = p.site"
	    " ORDER BY g.shown, p.stack, p.site",
	    err);
	size_t at = 0;
	int rc = -1;

	while (query && (rc = query_next(query, err)) > 0 && at < paths->count)
		paths->facts[at++] = facts_row(paths, query);
	query_finish(query);
	if (rc >= 0 && at < paths->count)
		return err_set(err, "paths have changed while they were read");
	return rc < 0 ? -1 : 0;
}

int
path_verdicts_load(struct path_verdicts *verdicts, struct query_db *db, struct err *err)
{
	struct rows sites = { .columns = NULL };
	int rc;

	*verdicts = (struct path_verdicts){ .list = NULL };
	rc = report_load_plain(db, report_find("sites"), &sites, err);
	if (rc == 0)
		verdicts->list = xcalloc(sites.count + 1, sizeof(*verdicts->list));
	for (size_t i = 0; rc == 0 && i < sites.count; i++) {
		struct map_key key = { 0, (uint64_t)rows_int(&sites, i, "id") };

		*map_insert(&verdicts->map, key, NULL) = i;
		verdicts->list[i].share = facts_bounded(rows_real(&sites, i, "share"), 1);
		verdicts->list[i].verdict = tree_verdict_number(rows_text(&sites, i, "verdict"));
	}
	rows_release(&sites);
	return rc;
}

void
path_verdicts_release(struct path_verdicts *verdicts)
{
	free(verdicts->list);
	map_release(&verdicts->map);
	*verdicts = (struct path_verdicts){ .list = NULL };
}

struct path_verdict
path_verdicts_find(const struct path_verdicts *verdicts, int64_t site)
{
	const uint64_t *at = map_find(&verdicts->map, (struct map_key){ 0, (uint64_t)site });

	return at ? verdicts->list[*at] : (struct path_verdict){ 0, tree_verdict_number("") };
}

int
path_facts_load(struct stack_paths *paths, struct query_db *db, struct err *err)
{
	struct path_verdicts verdicts;
	int rc = path_verdicts_load(&verdicts, db, err);

	paths->facts = xcalloc(paths->count + 1, sizeof(*paths->facts));
	if (rc == 0)
		rc = facts_load_rows(paths, db, err);
	for (size_t i = 0; rc == 0 && i < paths->count; i++) {
		struct path_verdict found = path_verdicts_find(&verdicts, paths->site[i]);

		paths->facts[i].share = found.share;
		paths->facts[i].verdict = found.verdict;
	}
	path_verdicts_release(&verdicts);
	return rc;
}
