#include "analyzer/report/pairing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/format/rows.h"
#include "analyzer/store/query.h"
#include "analyzer/util/map.h"
#include "analyzer/util/xalloc.h"

/* A site that is looked for on the other side. */
struct pairing_entry {
	struct map_key key; /* what must be the same */
	const char *file;
	int64_t line, column;
	size_t row;
};

struct pairing_list {
	struct pairing_entry *list;
	size_t count;
};

struct pairing_work {
	struct pairing *pairing;
	const struct rows *sites[2];
	struct map_key *callers[2]; /* by row: the functions on its heaviest path */
};

/* From the strictest: what two sites must share to be one. */
enum pairing_law {
	LAW_PLACE,
	LAW_FILE,
	LAW_CALLERS,
	LAW_OWNER,
	LAW_ALLOCATOR,
	LAW_MODULE,
	LAW_FUNCTION,
	LAWS,
};

static const char *
pairing_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static struct map_key
pairing_key_add(struct map_key key, const char *text)
{
	return map_key_of(key, text, strlen(text) + 1);
}

static struct map_key
pairing_key(const struct pairing_work *work, int side, size_t row, enum pairing_law law)
{
	const struct rows *sites = work->sites[side];
	const char *file = pairing_base(rows_text(sites, row, "file"));
	struct map_key key = { 0, 0 };
	int64_t place[2] = { rows_int(sites, row, "line"), rows_int(sites, row, "column") };

	/* a function without a name is called by its file */
	key = pairing_key_add(key, pairing_base(rows_text(sites, row, "function")));
	/* a program may have got another name, if there is a source to know it by */
	if (law != LAW_MODULE || *file == '\0')
		key = pairing_key_add(key, pairing_base(rows_text(sites, row, "module")));
	if (law < LAW_FUNCTION)
		key = pairing_key_add(key, rows_text(sites, row, "allocator"));
	if (law == LAW_OWNER)
		key = pairing_key_add(key, rows_text(sites, row, "owner.function"));
	if (law <= LAW_CALLERS)
		key = map_key_of(key, &work->callers[side][row], sizeof(struct map_key));
	if (law <= LAW_FILE || law == LAW_MODULE)
		key = pairing_key_add(key, file);
	if (law == LAW_PLACE)
		key = map_key_of(key, place, sizeof(place));
	return key;
}

static int
pairing_entries(const void *left, const void *right)
{
	const struct pairing_entry *a = left, *b = right;
	int order = memcmp(&a->key, &b->key, sizeof(a->key));

	if (order == 0)
		order = strcmp(a->file, b->file);
	if (order != 0)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static struct pairing_list
pairing_left(const struct pairing_work *work, int side, enum pairing_law law)
{
	const struct rows *sites = work->sites[side];
	struct pairing_list left = { xcalloc(sites->count + 1, sizeof(*left.list)), 0 };

	for (size_t i = 0; i < sites->count; i++) {
		if (work->pairing->other[side][i] != 0)
			continue;
		left.list[left.count++] = (struct pairing_entry){
			.key = pairing_key(work, side, i, law),
			.file = pairing_base(rows_text(sites, i, "file")),
			.line = rows_int(sites, i, "line"),
			.column = rows_int(sites, i, "column"),
			.row = i,
		};
	}
	qsort(left.list, left.count, sizeof(*left.list), pairing_entries);
	return left;
}

static double
pairing_far(const struct pairing_entry *a, const struct pairing_entry *b)
{
	return fabs((double)a->line - (double)b->line);
}

/* Sites of one key on both sides, in the order of their lines: each of the fewer finds the
 * nearest of the more that leaves enough for those behind it. */
static void
pairing_pair(struct pairing_work *work, int fewer, const struct pairing_entry *few,
    size_t few_count, const struct pairing_entry *many, size_t many_count)
{
	size_t at = 0;

	for (size_t i = 0; i < few_count; i++, at++) {
		size_t last = many_count - (few_count - i);

		while (at < last &&
		    pairing_far(&few[i], &many[at + 1]) < pairing_far(&few[i], &many[at]))
			at++;
		work->pairing->other[fewer][few[i].row] = many[at].row + 1;
		work->pairing->other[!fewer][many[at].row] = few[i].row + 1;
	}
}

static size_t
pairing_run(const struct pairing_list *left, size_t from, const struct map_key *key)
{
	size_t end = from;

	while (end < left->count && memcmp(&left->list[end].key, key, sizeof(*key)) == 0)
		end++;
	return end - from;
}

static void
pairing_match(struct pairing_work *work, enum pairing_law law)
{
	struct pairing_list a = pairing_left(work, 0, law), b = pairing_left(work, 1, law);
	size_t i = 0, j = 0, n, m;

	while (i < a.count && j < b.count) {
		int order = memcmp(&a.list[i].key, &b.list[j].key, sizeof(a.list[i].key));

		n = order <= 0 ? pairing_run(&a, i, &a.list[i].key) : 0;
		m = order >= 0 ? pairing_run(&b, j, &b.list[j].key) : 0;
		if (n > 0 && n <= m)
			pairing_pair(work, 0, &a.list[i], n, &b.list[j], m);
		else if (m > 0 && n > m)
			pairing_pair(work, 1, &b.list[j], m, &a.list[i], n);
		i += n;
		j += m;
	}
	free(a.list);
	free(b.list);
}

/* The functions on each site's heaviest path, as one key. */
static int
pairing_callers(struct map_key *keys, const struct pairing_side *side, struct err *err)
{
	struct query *query = query_prepare(side->db,
	    "WITH RECURSIVE o(site, stack, n) AS (SELECT id, stack, 0 FROM site UNION ALL"
	    " SELECT o.site, k.parent, o.n + 1 FROM o JOIN stack k ON k.id = o.stack"
	    " WHERE k.parent <> 0 AND o.n < 64)"
	    " SELECT o.site, f.function FROM o JOIN stack k ON k.id = o.stack"
	    " JOIN frame f ON f.id = k.frame ORDER BY o.site, o.n",
	    err);
	struct map rows = { 0 };
	int rc = -1;

	for (size_t i = 0; i < side->sites->count; i++) {
		struct map_key id = { 0, (uint64_t)rows_int(side->sites, i, "id") };

		*map_insert(&rows, id, NULL) = i;
	}
	while (query && (rc = query_next(query, err)) > 0) {
		struct map_key id = { 0, (uint64_t)query_int(query, 0) };
		const uint64_t *row = map_find(&rows, id);

		if (row)
			keys[*row] =
			    pairing_key_add(keys[*row], pairing_base(query_text(query, 1)));
	}
	query_finish(query);
	map_release(&rows);
	return rc;
}

int
pairing_find(struct pairing *pairing, const struct pairing_side sides[2], struct err *err)
{
	struct pairing_work work = { .pairing = pairing };
	int rc = 0;

	*pairing = (struct pairing){ { NULL, NULL } };
	for (int side = 0; side < 2; side++) {
		work.sites[side] = sides[side].sites;
		pairing->other[side] =
		    xcalloc(sides[side].sites->count + 1, sizeof(*pairing->other[side]));
		work.callers[side] =
		    xcalloc(sides[side].sites->count + 1, sizeof(*work.callers[side]));
		if (rc == 0 && sides[0].db && sides[1].db)
			rc = pairing_callers(work.callers[side], &sides[side], err);
	}
	for (enum pairing_law law = LAW_PLACE; rc == 0 && law < LAWS; law++)
		pairing_match(&work, law);
	for (int side = 0; side < 2; side++)
		free(work.callers[side]);
	return rc;
}

void
pairing_release(struct pairing *pairing)
{
	for (int side = 0; side < 2; side++)
		free(pairing->other[side]);
}
