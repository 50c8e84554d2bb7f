/* The rows of the page's table: all of few, the most to save of many, every cell as the
 * report has it. */
#include <stdint.h>
#include <string.h>

#include "analyzer/report/report.h"
#include "tests/lib/check.h"
#include "tests/lib/draw.h"
#include "web/server/table.h"

enum { KINDS = 5 }; /* of what is saved: many rows are equal */

static void
sites_make(struct rows *sites, size_t count)
{
	const struct report *report = report_find("sites");
	size_t saved, id, function;

	rows_init(sites, report->columns, report->width);
	saved = rows_column(sites, "saved.cost_ns");
	id = rows_column(sites, "id");
	function = rows_column(sites, "function");
	for (size_t i = 0; i < count; i++) {
		struct cell *cells = rows_add(sites);
		char name[24];

		(void)snprintf(name, sizeof(name), "f%zu", i);
		cell_set_int(&cells[id], (int64_t)(1000 + i));
		cell_set_text(&cells[function], name);
		/* what rounds to the same number is equal, as the page has it */
		cell_set_real(
		    &cells[saved], (double)(draw(KINDS)) + (double)(draw(100)) / 250 - 0.2);
	}
}

static int64_t
saved_of(const struct rows *rows, size_t row)
{
	return cell_whole(rows_at(rows, row, "saved.cost_ns"));
}

/* Where the row of that number stands; its cells are the report's. */
static size_t
found(const struct rows *sites, const struct rows *some, size_t row)
{
	size_t at = (size_t)(rows_int(some, row, "id") - 1000);

	CHECK(at < sites->count);
	CHECK(strcmp(rows_text(some, row, "function"), rows_text(sites, at, "function")) == 0);
	CHECK(rows_real(some, row, "saved.cost_ns") == rows_real(sites, at, "saved.cost_ns"));
	CHECK(rows_at(some, row, "file")->type == CELL_NULL);
	return at;
}

static void
check_many(size_t count, size_t most)
{
	struct rows sites;
	struct table table;
	const struct rows *some = &table.rows;
	size_t better = 0, before = 0;

	sites_make(&sites, count);
	table_make(&table, &sites, most);
	CHECK(some->count == most && some->width == TABLE_COLUMNS);
	for (size_t row = 0; row < most; row++) {
		size_t at = found(&sites, some, row);

		CHECK(row == 0 || saved_of(some, row) < saved_of(some, row - 1) ||
		    (saved_of(some, row) == saved_of(some, row - 1) && at > before));
		before = at;
	}
	/* those that are left out are no better than the last one, and stand behind it */
	for (size_t at = 0; at < count; at++)
		better += saved_of(&sites, at) > saved_of(some, most - 1) ||
		    (saved_of(&sites, at) == saved_of(some, most - 1) && at <= before);
	CHECK(better == most);
	table_release(&table);
	rows_release(&sites);
}

static void
check_few(size_t count, size_t most)
{
	struct rows sites;
	struct table table;

	sites_make(&sites, count);
	table_make(&table, &sites, most);
	CHECK(table.rows.count == count);
	for (size_t row = 0; row < count; row++)
		CHECK(found(&sites, &table.rows, row) == row);
	table_release(&table);
	rows_release(&sites);
}

int
main(void)
{
	check_few(0, TABLE_FIRST);
	check_few(1, TABLE_FIRST);
	check_few(TABLE_FIRST, TABLE_FIRST);
	check_few(2 * TABLE_FIRST, SIZE_MAX);
	for (size_t more = 1; more < 1000; more += 50)
		check_many(TABLE_FIRST + more, TABLE_FIRST);
	return check_done();
}
