#include "analyzer/report/site_facts.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/format/rows.h"
#include "analyzer/store/query.h"
#include "analyzer/util/map.h"
#include "analyzer/util/xalloc.h"

/* Blocks by lifetime: from 1 ns, 4 ns, 16 ns, ... 4.3 s on. */
enum { FACTS_SHAPE = 17 };
/* What is less than one part in so many of the whole time is no gain. */
enum { FACTS_GAIN = 1000 };

/* Of a row. */
struct fact {
	double capacity; /* bytes that cover most of its blocks */
	double wasted;   /* that blocks do not fill of it */
	double blocks;   /* that this is known of */
	double lives[FACTS_SHAPE];
	bool has_lives;
	bool is_several; /* sites */
	int64_t processes, known;
	int64_t pid; /* of one that is known */
};

/* A site, and the row that it is in, perhaps with others. */
struct facts_site {
	int64_t id;
	size_t row;
};

struct facts {
	struct fact *list; /* by row */
	struct facts_site *sites;
	size_t count, cap;
	size_t at;       /* of sites: where the walk is */
	struct map seen; /* processes of rows of several sites */
	const struct rows *rows;
};

static int
facts_compare(const void *left, const void *right)
{
	const struct facts_site *a = left, *b = right;

	return (a->id > b->id) - (a->id < b->id);
}

/* ids: "[3,17]". */
static void
facts_add_row(struct facts *facts, size_t row, const char *ids)
{
	size_t before = facts->count;

	while (*ids) {
		char *end;
		long long id;

		ids += strspn(ids, "[], ");
		id = strtoll(ids, &end, 10);
		if (end == ids)
			break;
		ids = end;
		facts->sites =
		    xgrow(facts->sites, &facts->cap, facts->count + 1, sizeof(*facts->sites));
		facts->sites[facts->count++] = (struct facts_site){ id, row };
	}
	facts->list[row].is_several = facts->count > before + 1;
}

static void
facts_init(struct facts *facts, const struct rows *rows)
{
	size_t ids = rows_column(rows, ".ids"), capacity = rows_column(rows, "capacity");

	*facts = (struct facts){ .rows = rows };
	facts->list = xcalloc(rows->count + 1, sizeof(*facts->list));
	for (size_t i = 0; i < rows->count; i++) {
		const struct cell *cells = rows->cells + i * rows->width;

		facts->list[i].capacity = cell_number(&cells[capacity]);
		if (cells[ids].type == CELL_TEXT)
			facts_add_row(facts, i, cells[ids].text);
	}
	if (facts->count > 0)
		qsort(facts->sites, facts->count, sizeof(*facts->sites), facts_compare);
}

static void
facts_release(struct facts *facts)
{
	map_release(&facts->seen);
	free(facts->sites);
	free(facts->list);
}

/* The fact of a site, which is asked for in the order of sites; NULL: no row has it. */
static struct fact *
facts_find(struct facts *facts, int64_t site)
{
	while (facts->at < facts->count && facts->sites[facts->at].id < site)
		facts->at++;
	return facts->at < facts->count && facts->sites[facts->at].id == site
	    ? &facts->list[facts->sites[facts->at].row]
	    : NULL;
}

/* ---- one pass each */

static void
facts_take_size(struct facts *facts, struct fact *fact, const struct query *query)
{
	double size = query_real(query, 1), blocks = query_real(query, 2);

	(void)facts;
	fact->wasted += blocks * (fact->capacity > size ? fact->capacity - size : 0);
	fact->blocks += blocks;
}

static void
facts_take_life(struct facts *facts, struct fact *fact, const struct query *query)
{
	double life = query_real(query, 1), blocks = query_real(query, 2);
	size_t at = 0;

	(void)facts;
	while (life >= 4 && at < FACTS_SHAPE - 1) {
		life /= 4;
		at++;
	}
	fact->lives[at] += blocks > 0 ? blocks : 0;
	fact->has_lives = true;
}

/* Two sites of a row may have the same process. */
static void
facts_take_process(struct facts *facts, struct fact *fact, const struct query *query)
{
	struct map_key key = { (uint64_t)(fact - facts->list) + 1, (uint64_t)query_int(query, 1) };
	bool is_fresh = true;

	if (fact->is_several)
		(void)map_insert(&facts->seen, key, &is_fresh);
	if (!is_fresh)
		return;
	fact->processes++;
	if (query_type(query, 2) == QUERY_NULL)
		return;
	fact->known++;
	fact->pid = query_int(query, 2);
}

static int
facts_pass(struct facts *facts, struct query_db *db, const char *sql,
    void (*take)(struct facts *, struct fact *, const struct query *), struct err *err)
{
	struct query *query = query_prepare(db, sql, err);
	int rc = -1;

	facts->at = 0;
	while (query && (rc = query_next(query, err)) > 0) {
		struct fact *fact = facts_find(facts, query_int(query, 0));

		if (fact)
			take(facts, fact, query);
	}
	query_finish(query);
	return rc;
}

/* ---- what they come to */

/* f is the most, each digit below it half of that; what there is at all is no 0. */
static void
facts_shape(const double *blocks, char *to)
{
	double most = 0;

	for (size_t i = 0; i < FACTS_SHAPE; i++)
		most = blocks[i] > most ? blocks[i] : most;
	for (size_t i = 0; i < FACTS_SHAPE; i++) {
		double digit = blocks[i] > 0 ? 15.5 + log2(blocks[i] / most) : 0;

		/* and so is what a damaged database makes of infinity */
		if (blocks[i] > 0 && !(digit >= 1))
			digit = 1;
		to[i] = "0123456789abcdef"[(int)digit];
	}
	to[FACTS_SHAPE] = '\0';
}

/* What need not be on the heap: a share of all. Little of that is no gain. */
static void
facts_save(struct rows *rows, double cost)
{
	static const char *const all[] = { "blocks.estimated", "bytes.estimated", "cost_ns.total" };
	static const char *const saved[] = { "saved.blocks", "saved.bytes", "saved.cost_ns" };
	enum { SAVED = sizeof(all) / sizeof(*all) };
	size_t share = rows_column(rows, "share"), gain = rows_column(rows, ".gain");
	size_t from[SAVED], to[SAVED];

	for (size_t i = 0; i < SAVED; i++) {
		from[i] = rows_column(rows, all[i]);
		to[i] = rows_column(rows, saved[i]);
	}
	for (size_t i = 0; i < rows->count; i++) {
		struct cell *cells = rows->cells + i * rows->width;
		double part = cell_number(&cells[share]);

		for (size_t j = 0; j < SAVED; j++)
			cell_set_real(&cells[to[j]], cell_number(&cells[from[j]]) * part);
		part *= cell_number(&cells[from[SAVED - 1]]);
		cell_set_real(&cells[gain], part * FACTS_GAIN >= cost ? part : 0);
	}
}

static int
facts_cost(struct query_db *db, double *cost, struct err *err)
{
	struct query *query =
	    query_prepare(db, "SELECT total(cost_allocate + cost_free) FROM site", err);
	int rc = query ? query_next(query, err) : -1;

	if (rc > 0)
		*cost = query_real(query, 0);
	query_finish(query);
	return rc < 0 ? -1 : 0;
}

static void
facts_set(const struct facts *facts, struct rows *rows)
{
	size_t waste = rows_column(rows, "waste"), shape = rows_column(rows, "life_shape");
	size_t processes = rows_column(rows, "processes"), process = rows_column(rows, "process");
	char text[FACTS_SHAPE + 1];

	for (size_t i = 0; i < rows->count; i++) {
		const struct fact *fact = &facts->list[i];
		struct cell *cells = rows->cells + i * rows->width;

		/* of a damaged database it may be no number */
		if (!isnan(fact->wasted))
			cell_set_real(&cells[waste], fact->wasted / fmax(fact->blocks, 1e-9));
		cell_set_int(&cells[processes], fact->processes);
		if (fact->known == 1)
			cell_set_int(&cells[process], fact->pid);
		if (!fact->has_lives)
			continue;
		facts_shape(fact->lives, text);
		cell_set_text(&cells[shape], text);
	}
}

int
site_facts_load(struct query_db *db, struct rows *sites, struct err *err)
{
	struct facts facts;
	double cost = 0;
	int rc = facts_cost(db, &cost, err);

	facts_init(&facts, sites);
	if (rc == 0)
		rc = facts_pass(&facts, db,
		    "SELECT site, size, blocks FROM size_histogram ORDER BY site", facts_take_size,
		    err);
	if (rc == 0)
		rc = facts_pass(&facts, db,
		    "SELECT site, life, blocks FROM life_histogram ORDER BY site", facts_take_life,
		    err);
	if (rc == 0)
		rc = facts_pass(&facts, db,
		    "SELECT w.site, w.process, p.pid FROM site_process w"
		    " LEFT JOIN process p ON p.id = w.process ORDER BY w.site",
		    facts_take_process, err);
	if (rc == 0) {
		facts_set(&facts, sites);
		facts_save(sites, cost);
	}
	facts_release(&facts);
	return rc;
}
