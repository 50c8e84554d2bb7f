#include "analyzer/report/totals.h"

#include "analyzer/format/rows.h"
#include "analyzer/report/advice.h"

/* Where in a row of report_sites the numbers stand. */
enum {
	TOTALS_BLOCKS,
	TOTALS_BYTES,
	TOTALS_COST,
	TOTALS_SAVED_BLOCKS,
	TOTALS_SAVED_BYTES,
	TOTALS_SAVED_COST
};
static const char *const totals_columns[] = { "blocks.estimated", "bytes.estimated",
	"cost_ns.total", "saved.blocks", "saved.bytes", "saved.cost_ns" };
enum { TOTALS_COLUMNS = sizeof(totals_columns) / sizeof(*totals_columns) };

static void
totals_add(struct total *total, const struct cell *row, const size_t *at)
{
	total->sites++;
	total->blocks += cell_number(&row[at[TOTALS_BLOCKS]]);
	total->bytes += cell_number(&row[at[TOTALS_BYTES]]);
	total->cost += cell_number(&row[at[TOTALS_COST]]);
	total->saved_blocks += cell_number(&row[at[TOTALS_SAVED_BLOCKS]]);
	total->saved_bytes += cell_number(&row[at[TOTALS_SAVED_BYTES]]);
	total->saved_cost += cell_number(&row[at[TOTALS_SAVED_COST]]);
}

void
totals_find(struct totals *totals, const struct rows *sites)
{
	size_t at[TOTALS_COLUMNS];

	*totals = (struct totals){ .all = { 0 } };
	for (size_t i = 0; i < TOTALS_COLUMNS; i++)
		at[i] = rows_column(sites, totals_columns[i]);
	for (size_t i = 0; i < sites->count; i++) {
		const struct cell *row = sites->cells + i * sites->width;
		const struct advice *advice = advice_find(rows_text(sites, i, "verdict"));

		totals_add(&totals->all, row, at);
		totals_add(&totals->verdicts[advice - advice_at(0)], row, at);
	}
}
