#include "analyzer/report/compare.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/format/format.h"
#include "analyzer/report/report.h"
#include "analyzer/store/query.h"
#include "analyzer/util/map.h"
#include "analyzer/util/xalloc.h"

/* Names of states, in the order of enum compare_state. */
static const char *const states[] = { "new", "worse", "better", "gone", "same" };

enum compare_state { STATE_NEW, STATE_WORSE, STATE_BETTER, STATE_GONE, STATE_SAME, STATES };

/* What of a number is not noise: this part of the larger, and of the run's own sum. */
#define COMPARE_PART 0.1
#define COMPARE_RUN 0.001

static const struct column totals_columns[] = {
	{ "sites_a", "sites before", COLUMN_COUNT },
	{ "sites_b", "after", COLUMN_COUNT },
	{ "blocks_a", "blocks before", COLUMN_COUNT },
	{ "blocks_b", "after", COLUMN_COUNT },
	{ "bytes_a", "bytes before", COLUMN_BYTES },
	{ "bytes_b", "after", COLUMN_BYTES },
	{ "movable_blocks_a", "movable before", COLUMN_COUNT },
	{ "movable_blocks_b", "after", COLUMN_COUNT },
	{ "cost_ns_a", "cost before", COLUMN_NS },
	{ "cost_ns_b", "after", COLUMN_NS },
	{ "new", "new", COLUMN_COUNT },
	{ "worse", "worse", COLUMN_COUNT },
	{ "better", "better", COLUMN_COUNT },
	{ "gone", "gone", COLUMN_COUNT },
	{ "same", "same", COLUMN_COUNT },
};

enum { TOTALS_STATES = 10 }; /* the column of the first of them */

static const struct column changes_columns[] = {
	{ "state", "state", COLUMN_TEXT },
	{ "function", "function", COLUMN_TEXT },
	{ "module", NULL, COLUMN_PATH },
	{ "allocator", NULL, COLUMN_TEXT },
	{ "file", "file", COLUMN_PATH },
	{ "line_a", "line", COLUMN_INT },
	{ "line_b", "now", COLUMN_INT },
	{ "id_a", NULL, COLUMN_INT },
	{ "id_b", NULL, COLUMN_INT },
	{ "verdict_a", "verdict", COLUMN_TEXT },
	{ "verdict_b", "now", COLUMN_TEXT },
	{ "blocks_a", "blocks", COLUMN_COUNT },
	{ "blocks_b", "now", COLUMN_COUNT },
	{ "bytes_a", "bytes", COLUMN_BYTES },
	{ "bytes_b", "now", COLUMN_BYTES },
	{ "cost_ns_a", "cost", COLUMN_NS },
	{ "cost_ns_b", "now", COLUMN_NS },
	{ ".weight", NULL, COLUMN_REAL },
};

/* A site that is looked for on the other side. */
struct compare_entry {
	struct map_key key; /* what must be the same */
	const char *file;
	int64_t line, column;
	size_t row;
};

struct compare_list {
	struct compare_entry *list;
	size_t count;
};

struct compare_work {
	const struct rows *sites[2];
	struct map_key *callers[2]; /* by row: the functions on its heaviest path */
	size_t *other[2];           /* by row: the one of the other side, + 1 */
	double blocks, bytes;       /* of all sites before */
};

/* From the strictest: what two sites must share to be one. */
enum compare_law { LAW_PLACE, LAW_CALLERS, LAW_OWNER, LAW_ALLOCATOR, LAW_FUNCTION, LAWS };

static const char *
compare_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static struct map_key
compare_key_add(struct map_key key, const char *text)
{
	return map_key_of(key, text, strlen(text) + 1);
}

static struct map_key
compare_key(const struct compare_work *work, int side, size_t row, enum compare_law law)
{
	const struct rows *sites = work->sites[side];
	struct map_key key = { 0, 0 };
	int64_t place[2] = { rows_int(sites, row, "line"), rows_int(sites, row, "column") };

	/* a function without a name is called by its file */
	key = compare_key_add(key, compare_base(rows_text(sites, row, "function")));
	key = compare_key_add(key, compare_base(rows_text(sites, row, "module")));
	if (law < LAW_FUNCTION)
		key = compare_key_add(key, rows_text(sites, row, "allocator"));
	if (law == LAW_OWNER)
		key = compare_key_add(key, rows_text(sites, row, "owner.function"));
	if (law <= LAW_CALLERS)
		key = map_key_of(key, &work->callers[side][row], sizeof(struct map_key));
	if (law == LAW_PLACE) {
		key = compare_key_add(key, compare_base(rows_text(sites, row, "file")));
		key = map_key_of(key, place, sizeof(place));
	}
	return key;
}

static int
compare_entries(const void *left, const void *right)
{
	const struct compare_entry *a = left, *b = right;
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

static struct compare_list
compare_left(const struct compare_work *work, int side, enum compare_law law)
{
	const struct rows *sites = work->sites[side];
	struct compare_list left = { xcalloc(sites->count + 1, sizeof(*left.list)), 0 };

	for (size_t i = 0; i < sites->count; i++) {
		if (work->other[side][i] != 0)
			continue;
		left.list[left.count++] = (struct compare_entry){
			.key = compare_key(work, side, i, law),
			.file = compare_base(rows_text(sites, i, "file")),
			.line = rows_int(sites, i, "line"),
			.column = rows_int(sites, i, "column"),
			.row = i,
		};
	}
	qsort(left.list, left.count, sizeof(*left.list), compare_entries);
	return left;
}

static double
compare_far(const struct compare_entry *a, const struct compare_entry *b)
{
	return fabs((double)a->line - (double)b->line);
}

/* Sites of one key on both sides, in the order of their lines: each of the fewer finds the
 * nearest of the more that leaves enough for those behind it. */
static void
compare_pair(struct compare_work *work, int fewer, const struct compare_entry *few,
    size_t few_count, const struct compare_entry *many, size_t many_count)
{
	size_t at = 0;

	for (size_t i = 0; i < few_count; i++, at++) {
		size_t last = many_count - (few_count - i);

		while (at < last &&
		    compare_far(&few[i], &many[at + 1]) < compare_far(&few[i], &many[at]))
			at++;
		work->other[fewer][few[i].row] = many[at].row + 1;
		work->other[!fewer][many[at].row] = few[i].row + 1;
	}
}

static size_t
compare_run(const struct compare_list *left, size_t from, const struct map_key *key)
{
	size_t end = from;

	while (end < left->count && memcmp(&left->list[end].key, key, sizeof(*key)) == 0)
		end++;
	return end - from;
}

static void
compare_match(struct compare_work *work, enum compare_law law)
{
	struct compare_list a = compare_left(work, 0, law), b = compare_left(work, 1, law);
	size_t i = 0, j = 0, n, m;

	while (i < a.count && j < b.count) {
		int order = memcmp(&a.list[i].key, &b.list[j].key, sizeof(a.list[i].key));

		n = order <= 0 ? compare_run(&a, i, &a.list[i].key) : 0;
		m = order >= 0 ? compare_run(&b, j, &b.list[j].key) : 0;
		if (n > 0 && n <= m)
			compare_pair(work, 0, &a.list[i], n, &b.list[j], m);
		else if (m > 0 && n > m)
			compare_pair(work, 1, &b.list[j], m, &a.list[i], n);
		i += n;
		j += m;
	}
	free(a.list);
	free(b.list);
}

/* The functions on each site's heaviest path, as one key. */
static int
compare_callers(struct map_key **keys, const struct compare_side *side, struct err *err)
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

	*keys = xcalloc(side->sites->count + 1, sizeof(**keys));
	for (size_t i = 0; i < side->sites->count; i++) {
		struct map_key id = { 0, (uint64_t)rows_int(side->sites, i, "id") };

		*map_insert(&rows, id, NULL) = i;
	}
	while (query && (rc = query_next(query, err)) > 0) {
		struct map_key id = { 0, (uint64_t)query_int(query, 0) };
		const uint64_t *row = map_find(&rows, id);

		if (row)
			(*keys)[*row] =
			    compare_key_add((*keys)[*row], compare_base(query_text(query, 1)));
	}
	query_finish(query);
	map_release(&rows);
	return rc;
}

/* Whether what a verdict says is that there is something to do. */
static bool
compare_is_movable(const struct rows *sites, size_t row)
{
	return rows_real(sites, row, "share") >= 0.5;
}

/* 0: no more than noise, 1: more than before, -1: less. */
static int
compare_number(double a, double b, double total)
{
	double most = a > b ? a : b;

	if (fabs(a - b) <= COMPARE_PART * most || fabs(a - b) <= COMPARE_RUN * total)
		return 0;
	return b > a ? 1 : -1;
}

static double
compare_value(const struct rows *sites, size_t row, const char *column)
{
	double value = cell_number(rows_at(sites, row, column));

	return isfinite(value) ? value : 0;
}

static double
compare_sum(const struct rows *sites, const char *column)
{
	double sum = 0;

	for (size_t i = 0; i < sites->count; i++)
		sum += compare_value(sites, i, column);
	return sum;
}

static enum compare_state
compare_judge(const struct compare_work *work, size_t a, size_t b)
{
	const struct {
		const char *column;
		double total;
	} numbers[] = {
		{ "saved.blocks", work->blocks },
		{ "blocks.estimated", work->blocks },
		{ "bytes.estimated", work->bytes },
	};
	const struct rows *before = work->sites[0], *after = work->sites[1];
	bool is_known = strcmp(rows_text(before, a, "verdict"), "unknown") != 0 &&
	    strcmp(rows_text(after, b, "verdict"), "unknown") != 0;

	if (is_known && compare_is_movable(before, a) != compare_is_movable(after, b))
		return compare_is_movable(after, b) ? STATE_WORSE : STATE_BETTER;
	for (size_t i = is_known ? 0 : 1; i < sizeof(numbers) / sizeof(*numbers); i++) {
		int more = compare_number(compare_value(before, a, numbers[i].column),
		    compare_value(after, b, numbers[i].column), numbers[i].total);

		if (more != 0)
			return more > 0 ? STATE_WORSE : STATE_BETTER;
	}
	return STATE_SAME;
}

/* One side's cells of a change. */
static void
compare_fill(struct cell *cells, const struct rows *sites, size_t row, int side)
{
	static const char *const names[] = { "function", "module", "allocator", "file" };
	static const char *const ints[] = { "line", "id" };
	static const char *const numbers[] = { "blocks.estimated", "bytes.estimated",
		"cost_ns.total" };

	/* the later build's names, where it has them */
	for (size_t i = 0; i < 4; i++)
		cell_set_text(&cells[1 + i], rows_text(sites, row, names[i]));
	for (size_t i = 0; i < 2; i++)
		cell_set_int(&cells[5 + 2 * (int)i + side], rows_int(sites, row, ints[i]));
	cell_set_text(&cells[9 + side], rows_text(sites, row, "verdict"));
	for (size_t i = 0; i < 3; i++)
		cell_set_real(
		    &cells[11 + 2 * (int)i + side], compare_value(sites, row, numbers[i]));
}

/* a, b: rows, + 1; 0: there is none. */
static enum compare_state
compare_add(struct compare *compare, const struct compare_work *work, size_t a, size_t b)
{
	struct cell *cells = rows_add(&compare->parts[COMPARE_CHANGES]);
	enum compare_state state = a == 0 ? STATE_NEW : b == 0 ? STATE_GONE : STATE_SAME;
	double blocks[2] = { 0, 0 };

	if (a != 0 && b != 0)
		state = compare_judge(work, a - 1, b - 1);
	if (a != 0)
		compare_fill(cells, work->sites[0], a - 1, 0);
	if (b != 0)
		compare_fill(cells, work->sites[1], b - 1, 1);
	cell_set_text(&cells[0], states[state]);
	blocks[0] = a != 0 ? compare_value(work->sites[0], a - 1, "blocks.estimated") : 0;
	blocks[1] = b != 0 ? compare_value(work->sites[1], b - 1, "blocks.estimated") : 0;
	/* a verdict alone weighs as much as its blocks */
	cell_set_real(&cells[17],
	    state == STATE_SAME          ? 0
		: blocks[0] == blocks[1] ? 1 + blocks[0]
					 : 1 + fabs(blocks[1] - blocks[0]));
	return state;
}

static void
compare_totals(struct compare *compare, const struct compare_work *work, const size_t *counts)
{
	static const char *const numbers[] = { "blocks.estimated", "bytes.estimated",
		"saved.blocks", "cost_ns.total" };
	struct cell *cells = rows_add(&compare->parts[COMPARE_TOTALS]);

	for (int side = 0; side < 2; side++) {
		cell_set_int(&cells[side], (int64_t)work->sites[side]->count);
		for (size_t i = 0; i < 4; i++)
			cell_set_real(&cells[2 + 2 * (int)i + side],
			    compare_sum(work->sites[side], numbers[i]));
	}
	for (size_t i = 0; i < STATES; i++)
		cell_set_int(&cells[TOTALS_STATES + i], (int64_t)counts[i]);
}

static void
compare_copy(struct rows *to, const struct rows *from)
{
	struct cell *cells;

	rows_init(to, from->columns, from->width);
	if (from->count == 0)
		return;
	cells = rows_add(to);
	for (size_t i = 0; i < from->width; i++) {
		const struct cell *cell = &from->cells[i];

		if (cell->type == CELL_TEXT)
			cell_set_text(&cells[i], cell->text);
		else if (cell->type == CELL_INT || cell->type == CELL_REAL)
			cells[i] = *cell;
		for (uint32_t at = 0; cell->type == CELL_LIST && at < cell->count; at++)
			cell_append(&cells[i], cell->list[at]);
	}
}

static void
compare_init(struct compare *compare, const struct compare_side *a, const struct compare_side *b)
{
	*compare = (struct compare){ .parts = { { 0 } } };
	rows_init(&compare->parts[COMPARE_TOTALS], totals_columns,
	    sizeof(totals_columns) / sizeof(*totals_columns));
	rows_init(&compare->parts[COMPARE_CHANGES], changes_columns,
	    sizeof(changes_columns) / sizeof(*changes_columns));
	compare_copy(&compare->parts[COMPARE_A], a->run);
	compare_copy(&compare->parts[COMPARE_B], b->run);
}

/* Pairs the sites of both sides, then makes a row of each pair and of what has none. */
static void
compare_changes(struct compare *compare, struct compare_work *work)
{
	size_t counts[STATES] = { 0 };

	for (enum compare_law law = LAW_PLACE; law < LAWS; law++)
		compare_match(work, law);
	for (size_t i = 0; i < work->sites[0]->count; i++)
		counts[compare_add(compare, work, i + 1, work->other[0][i])]++;
	for (size_t i = 0; i < work->sites[1]->count; i++)
		if (work->other[1][i] == 0)
			counts[compare_add(compare, work, 0, i + 1)]++;
	compare_totals(compare, work, counts);
}

int
compare_sides(struct compare *compare, const struct compare_side *a, const struct compare_side *b,
    struct err *err)
{
	struct compare_work work = { .sites = { a->sites, b->sites } };
	int rc;

	work.blocks = compare_sum(a->sites, "blocks.estimated");
	work.bytes = compare_sum(a->sites, "bytes.estimated");
	compare_init(compare, a, b);
	rc = compare_callers(&work.callers[0], a, err);
	if (rc == 0)
		rc = compare_callers(&work.callers[1], b, err);
	for (int side = 0; side < 2; side++)
		work.other[side] = xcalloc(work.sites[side]->count + 1, sizeof(*work.other[side]));
	if (rc == 0)
		compare_changes(compare, &work);
	rows_sort(&compare->parts[COMPARE_CHANGES], ".weight");
	for (int side = 0; side < 2; side++) {
		free(work.callers[side]);
		free(work.other[side]);
	}
	return rc;
}

static int
compare_read(struct query_db *db, struct rows *run, struct rows *sites, struct err *err)
{
	if (report_load(db, report_find("run"), run, err) < 0)
		return -1;
	return report_load_plain(db, report_find("sites"), sites, err);
}

int
compare_load(struct compare *compare, struct query_db *a, struct query_db *b, struct err *err)
{
	struct rows run[2] = { { 0 } }, sites[2] = { { 0 } };
	int rc;

	*compare = (struct compare){ .parts = { { 0 } } };
	rc = compare_read(a, &run[0], &sites[0], err);
	if (rc == 0)
		rc = compare_read(b, &run[1], &sites[1], err);
	if (rc == 0)
		rc = compare_sides(compare, &(struct compare_side){ a, &run[0], &sites[0] },
		    &(struct compare_side){ b, &run[1], &sites[1] }, err);
	for (int side = 0; side < 2; side++) {
		rows_release(&run[side]);
		rows_release(&sites[side]);
	}
	return rc;
}

void
compare_write(struct compare *compare, const struct format *format, FILE *out)
{
	const struct format_part parts[] = {
		{ "a", &compare->parts[COMPARE_A], true },
		{ "b", &compare->parts[COMPARE_B], true },
		{ "totals", &compare->parts[COMPARE_TOTALS], true },
		{ "changes", &compare->parts[COMPARE_CHANGES], false },
	};
	bool is_text = strcmp(format->name, "text") == 0;
	bool is_csv = strcmp(format->name, "csv") == 0;
	size_t first = is_csv ? 3 : is_text ? 2 : 0;
	struct format_document document = {
		.schema = "esc-diff/1",
		.parts = parts + first,
		.count = sizeof(parts) / sizeof(*parts) - first,
	};
	struct rows *changes = &compare->parts[COMPARE_CHANGES];
	size_t count = 0;

	while (count < changes->count && rows_real(changes, count, ".weight") > 0)
		count++;
	if (is_text)
		rows_cut(changes, count);
	if (is_text && count == 0)
		document.count = 1;
	format->write(&document, out);
}

void
compare_release(struct compare *compare)
{
	for (size_t i = 0; i < COMPARE_PARTS; i++)
		rows_release(&compare->parts[i]);
}
