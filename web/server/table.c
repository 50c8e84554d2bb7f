#include "web/server/table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/report/order.h"
#include "analyzer/util/map.h"
#include "analyzer/util/xalloc.h"

/* The other columns are two thirds of the bytes, and a site's own document has them. */
static const char *const table_names[TABLE_COLUMNS] = {
	"id",
	"function",
	"file",
	"line",
	"module",
	"verdict",
	"owner.function",
	"blocks.estimated",
	"bytes.estimated",
	"cost_ns.total",
	"saved.blocks",
	"saved.bytes",
	"saved.cost_ns",
	"size.p50",
	"life_ns.p50",
	"life_ns.p99",
	"life_shape",
	"evidence.proved",
	"evidence.inferred",
	"advice",
	"processes",
	"process",
	"peak.bytes",
};

/* A row, and what orders it: as whole as the page gets it. */
struct table_row {
	int64_t saved;
	size_t at;
};

static int
table_compare(const void *a, const void *b)
{
	const struct table_row *x = a, *y = b;

	if (x->saved != y->saved)
		return x->saved > y->saved ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void
table_copy(struct cell *to, const struct cell *from)
{
	switch (from->type) {
	case CELL_INT: cell_set_int(to, from->integer); break;
	case CELL_REAL: cell_set_real(to, from->real); break;
	case CELL_TEXT: cell_set_text(to, from->text); break;
	case CELL_NULL:
	case CELL_LIST:
	case CELL_CHAIN:
	case CELL_ROWS: break; /* the new one is NULL, and no column has these */
	}
}

void
table_make(struct table *to, const struct rows *sites, size_t most)
{
	struct table_row *rows = xcalloc(sites->count + 1, sizeof(*rows));
	size_t places[TABLE_COLUMNS];
	size_t count = sites->count;

	for (size_t i = 0; i < TABLE_COLUMNS; i++) {
		places[i] = rows_column(sites, table_names[i]);
		to->columns[i] = sites->columns[places[i]];
	}
	for (size_t i = 0; i < count; i++)
		rows[i] =
		    (struct table_row){ cell_whole(rows_at(sites, i, order_find("saved"))), i };
	if (count > most) {
		qsort(rows, count, sizeof(*rows), table_compare);
		count = most;
	}
	rows_init(&to->rows, to->columns, TABLE_COLUMNS);
	for (size_t i = 0; i < count; i++) {
		struct cell *cells = rows_add(&to->rows);

		for (size_t j = 0; j < TABLE_COLUMNS; j++)
			table_copy(&cells[j], &sites->cells[rows[i].at * sites->width + places[j]]);
	}
	free(rows);
}

void
table_nameless(struct rows *to, const struct rows *sites)
{
	static const struct column columns[] = {
		{ "module", NULL, COLUMN_TEXT },
		{ "blocks", NULL, COLUMN_COUNT },
	};
	struct map places = { .count = 0 };

	rows_init(to, columns, 2);
	for (size_t i = 0; i < sites->count; i++) {
		const char *module = rows_text(sites, i, "module");
		uint64_t *place;
		bool is_fresh;
		struct cell *cells;

		if (*rows_text(sites, i, "file"))
			continue;
		place = map_insert(&places,
		    map_key_of((struct map_key){ 0, 0 }, module, strlen(module)), &is_fresh);
		if (is_fresh) {
			*place = to->count;
			cells = rows_add(to);
			cell_set_text(&cells[0], module);
			cell_set_int(&cells[1], 0);
		}
		to->cells[*place * to->width + 1].integer +=
		    cell_whole(rows_at(sites, i, "blocks.estimated"));
	}
	map_release(&places);
	rows_sort(to, "blocks");
}

void
table_release(struct table *table)
{
	rows_release(&table->rows);
}
