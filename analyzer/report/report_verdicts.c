#include "analyzer/format/rows.h"
#include "analyzer/report/advice.h"
#include "analyzer/report/report.h"
#include "analyzer/report/totals.h"

extern const struct report report_sites;

static const struct column columns[] = {
	{ "verdict", "verdict", COLUMN_TEXT },
	{ "sites", "sites", COLUMN_COUNT },
	{ "blocks", "blocks", COLUMN_COUNT },
	{ "bytes", "bytes", COLUMN_BYTES },
	{ "cost_ns", "time", COLUMN_NS },
	{ "movable_blocks", "not for the heap", COLUMN_COUNT },
	{ "movable_bytes", "bytes", COLUMN_BYTES },
	{ "movable_cost_ns", "time", COLUMN_NS },
};

static void
verdicts_derive(struct rows *rows, const struct rows *sites)
{
	struct totals totals;

	totals_find(&totals, sites);
	for (size_t i = 0; advice_at(i); i++) {
		const struct total *total = &totals.verdicts[i];
		struct cell *cells = rows_add(rows);

		cell_set_text(&cells[0], advice_at(i)->verdict);
		cell_set_int(&cells[1], (int64_t)total->sites);
		cell_set_real(&cells[2], total->blocks);
		cell_set_real(&cells[3], total->bytes);
		cell_set_real(&cells[4], total->cost);
		cell_set_real(&cells[5], total->saved_blocks);
		cell_set_real(&cells[6], total->saved_bytes);
		cell_set_real(&cells[7], total->saved_cost);
	}
}

const struct report report_verdicts = {
	.name = "verdicts",
	.summary = "the sites by verdict, and what of them need not be on the heap",
	.of = &report_sites,
	.derive = verdicts_derive,
	.columns = columns,
	.width = sizeof(columns) / sizeof(*columns),
};
