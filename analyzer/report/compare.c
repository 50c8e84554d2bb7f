#include "analyzer/report/compare.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/format/format.h"
#include "analyzer/report/pairing.h"
#include "analyzer/report/report.h"
#include "analyzer/util/paths.h"

/* Names of states, in the order of enum compare_state. */
static const char *const states[] = { "new", "worse", "better", "gone", "same" };

enum compare_state { STATE_NEW, STATE_WORSE, STATE_BETTER, STATE_GONE, STATE_SAME, STATES };

/* What of a number is not noise: this part of the larger, and of the run's own sum. */
#define COMPARE_PART 0.1
#define COMPARE_RUN 0.001

/* Where blocks were sampled, neither is what so many times the 95 % intervals hold, since
 * hundreds of sites are compared. Half of such an interval of a share that is even is so
 * many standard errors; of what was not seen there may be so many samples' blocks. */
#define COMPARE_SURE 2
#define COMPARE_ERRORS 1.96
#define COMPARE_UNSEEN 3.7

/* What the distance of samples is compared with is a block's size and this (SAMPLE_BIAS). */
#define COMPARE_BIAS 64

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

struct compare_work {
	const struct rows *sites[2];
	double blocks, bytes; /* of all sites before */
	double interval[2];   /* of the samples, bytes; 1: all was recorded */
};

struct compare_column {
	const char *column, *low, *high;
	double total;
};

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

static bool
compare_is_sampled(const struct compare_work *work)
{
	return work->interval[0] > 1 || work->interval[1] > 1;
}

static double
compare_squared(double value)
{
	return value * value;
}

/* The square of how far two runs of the same program are apart, as samples go. */
static double
compare_noise(
    const struct compare_work *work, size_t a, size_t b, const struct compare_column *column)
{
	size_t rows[2] = { a, b };
	int more = compare_value(work->sites[0], a, column->column) <
	    compare_value(work->sites[1], b, column->column);
	const struct rows *low = work->sites[more], *high = work->sites[!more];

	return compare_squared(COMPARE_SURE) *
	    (compare_squared(compare_value(low, rows[more], column->column) -
		 compare_value(low, rows[more], column->low)) +
		compare_squared(compare_value(high, rows[!more], column->high) -
		    compare_value(high, rows[!more], column->column)));
}

/* The same of the part of blocks that need not be on the heap: as the shares of two samples
 * of the same whole differ. */
static double
compare_share_noise(const struct compare_work *work, size_t a, size_t b)
{
	double share = 0, blocks = 0, variance = 0;
	size_t rows[2] = { a, b };

	for (int side = 0; side < 2; side++) {
		double seen = compare_value(work->sites[side], rows[side], "blocks.observed");

		share += compare_value(work->sites[side], rows[side], "share") / 2;
		blocks += compare_value(work->sites[side], rows[side], "blocks.estimated") / 2;
		variance += seen > 0 ? 1 / seen : 1;
	}
	return compare_squared(COMPARE_SURE * COMPARE_ERRORS * blocks) * share * (1 - share) *
	    variance;
}

/* What differs beyond noise: 1: there is more, -1: less. */
static int
compare_column(
    const struct compare_work *work, size_t a, size_t b, const struct compare_column *column)
{
	double before = compare_value(work->sites[0], a, column->column);
	double after = compare_value(work->sites[1], b, column->column);

	if (compare_is_sampled(work) &&
	    compare_squared(after - before) <= compare_noise(work, a, b, column))
		return 0;
	return compare_number(before, after, column->total);
}

/* The same of blocks that need not be on the heap, which have no interval of their own. */
static int
compare_saved(const struct compare_work *work, size_t a, size_t b)
{
	const struct compare_column blocks = { "blocks.estimated", "blocks.low", "blocks.high", 0 };
	double before = compare_value(work->sites[0], a, "saved.blocks");
	double after = compare_value(work->sites[1], b, "saved.blocks");

	if (compare_is_sampled(work) &&
	    compare_squared(after - before) <=
		compare_noise(work, a, b, &blocks) + compare_share_noise(work, a, b))
		return 0;
	return compare_number(before, after, work->blocks);
}

/* Of a site that only one side has: whether samples of the other would have had it. */
static bool
compare_would_show(const struct compare_work *work, int side, size_t row)
{
	const struct rows *sites = work->sites[side];
	double blocks = compare_value(sites, row, "blocks.estimated");
	double size = compare_value(sites, row, "bytes.estimated") / (blocks > 0 ? blocks : 1);
	double below = blocks - compare_value(sites, row, "blocks.low");
	double unseen = -COMPARE_UNSEEN / expm1(-(size + COMPARE_BIAS) / work->interval[1 - side]);

	if (!compare_is_sampled(work))
		return true;
	if (!(work->interval[1 - side] > 1))
		unseen = 0;
	return blocks > COMPARE_RUN * work->blocks &&
	    compare_squared(blocks) >
	    compare_squared(COMPARE_SURE) * (compare_squared(below) + compare_squared(unseen));
}

static enum compare_state
compare_judge(const struct compare_work *work, size_t a, size_t b)
{
	const struct compare_column numbers[] = {
		{ "blocks.estimated", "blocks.low", "blocks.high", work->blocks },
		{ "bytes.estimated", "bytes.low", "bytes.high", work->bytes },
	};
	const struct rows *before = work->sites[0], *after = work->sites[1];
	bool is_known = strcmp(rows_text(before, a, "verdict"), "unknown") != 0 &&
	    strcmp(rows_text(after, b, "verdict"), "unknown") != 0;

	int more = is_known ? compare_saved(work, a, b) : 0;

	if (is_known && (more != 0 || !compare_is_sampled(work)) &&
	    compare_is_movable(before, a) != compare_is_movable(after, b))
		return compare_is_movable(after, b) ? STATE_WORSE : STATE_BETTER;
	for (size_t i = 0; more == 0 && i < sizeof(numbers) / sizeof(*numbers); i++)
		more = compare_column(work, a, b, &numbers[i]);
	return more > 0 ? STATE_WORSE : more < 0 ? STATE_BETTER : STATE_SAME;
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
	else if (!compare_would_show(work, a == 0, (a != 0 ? a : b) - 1))
		state = STATE_SAME;
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

/* A row of each pair and of what has none. */
static void
compare_changes(
    struct compare *compare, const struct compare_work *work, const struct pairing *pairing)
{
	size_t counts[STATES] = { 0 };

	for (size_t i = 0; i < work->sites[0]->count; i++)
		counts[compare_add(compare, work, i + 1, pairing->other[0][i])]++;
	for (size_t i = 0; i < work->sites[1]->count; i++)
		if (pairing->other[1][i] == 0)
			counts[compare_add(compare, work, 0, i + 1)]++;
	compare_totals(compare, work, counts);
}

/* The distance of the samples, of which most were nearer; 1: there were none. */
static double
compare_interval(const struct rows *run)
{
	double interval = run->count > 0 && rows_int(run, 0, "whole") == 0
	    ? rows_real(run, 0, "interval_high")
	    : 1;

	return interval > 1 ? interval : 1;
}

int
compare_sides(struct compare *compare, const struct compare_side *a, const struct compare_side *b,
    struct err *err)
{
	struct compare_work work = { .sites = { a->sites, b->sites } };
	const struct pairing_side sides[2] = { { a->db, a->sites }, { b->db, b->sites } };
	struct pairing pairing;
	int rc = pairing_find(&pairing, sides, err);

	work.interval[0] = compare_interval(a->run);
	work.interval[1] = compare_interval(b->run);
	work.blocks = compare_sum(a->sites, "blocks.estimated");
	work.bytes = compare_sum(a->sites, "bytes.estimated");
	compare_init(compare, a, b);
	if (rc == 0)
		compare_changes(compare, &work, &pairing);
	rows_sort(&compare->parts[COMPARE_CHANGES], ".weight");
	pairing_release(&pairing);
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
compare_load(struct compare *compare, struct query_db *a, struct query_db *b,
    const struct paths *paths, struct err *err)
{
	struct rows run[2] = { { 0 } }, sites[2] = { { 0 } };
	int rc;

	*compare = (struct compare){ .parts = { { 0 } } };
	rc = compare_read(a, &run[0], &sites[0], err);
	if (rc == 0)
		rc = compare_read(b, &run[1], &sites[1], err);
	for (int side = 0; rc == 0 && side < 2; side++)
		rows_show_paths(&sites[side], "file", &paths[side]);
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
