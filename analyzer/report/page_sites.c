#include <string.h>

#include "analyzer/format/rows.h"
#include "analyzer/report/advice.h"
#include "analyzer/report/page.h"
#include "analyzer/report/page_parts.h"
#include "analyzer/report/totals.h"
#include "analyzer/util/show.h"
#include "analyzer/util/strbuf.h"

enum {
	PAGE_ROWS = 20,     /* sites in the table unless --top says otherwise */
	PAGE_FIXED = 59,    /* columns of the table that are no names, */
	PAGE_PROCESSES = 8, /* and where there are several processes */
};

struct widths {
	size_t function;
	size_t where;
};

/* Columns that text needs, up to most. */
static size_t
needed(const char *text, size_t most)
{
	struct strbuf buf = { 0 };
	size_t width = show_text(&buf, text, most);

	strbuf_release(&buf);
	return width;
}

static size_t
where_needed(const struct rows *sites, size_t row, size_t most)
{
	struct strbuf buf = { 0 };
	size_t width;

	page_add_where(&buf, rows_text(sites, row, "file"), rows_int(sites, row, "line"),
	    rows_text(sites, row, "module"), most);
	width = buf.len;
	strbuf_release(&buf);
	return width;
}

static bool
are_several(const struct page *page)
{
	return rows_int(page->run, 0, "processes") > 1;
}

static struct widths
measure(const struct page *page, size_t count)
{
	size_t fixed = PAGE_FIXED + (are_several(page) ? PAGE_PROCESSES : 0);
	size_t room = page->columns > fixed + 30 ? page->columns - fixed : 30;
	struct widths widths = { 8, 5 };

	for (size_t i = 0; i < count; i++) {
		size_t function = needed(rows_text(page->sites, i, "function"), room);
		size_t where = where_needed(page->sites, i, room);

		if (function > widths.function)
			widths.function = function;
		if (where > widths.where)
			widths.where = where;
	}
	if (widths.function + widths.where > room) {
		size_t half = room / 2;

		if (widths.where < half)
			widths.function = room - widths.where;
		else if (widths.function < half)
			widths.where = room - widths.function;
		else
			widths = (struct widths){ room - half, half };
	}
	return widths;
}

static void
page_padded(const struct page *page, const char *text, size_t used, size_t width)
{
	fprintf(page->out, "%s%*s", text, (int)(used < width ? width - used : 0), "");
}

static void
page_life(const struct page *page, size_t row)
{
	char number[2][SHOW_SIZE] = { "-", "-" };

	if (rows_at(page->sites, row, "life_ns.p50")->type != CELL_NULL) {
		show_ns(number[0], rows_real(page->sites, row, "life_ns.p50"));
		show_ns(number[1], rows_real(page->sites, row, "life_ns.p99"));
	}
	fprintf(page->out, " %8s %8s", number[0], number[1]);
}

/* Which process allocated there, or how many of all did. */
static void
page_process(const struct page *page, size_t row)
{
	long long count = rows_int(page->sites, row, "processes");
	long long all = rows_int(page->run, 0, "processes");
	char text[64];

	if (rows_at(page->sites, row, "process")->type != CELL_NULL)
		snprintf(
		    text, sizeof(text), "%lld", (long long)rows_int(page->sites, row, "process"));
	else
		snprintf(text, sizeof(text), "%lld/%lld", count, all);
	fprintf(page->out, " %7s", text);
}

static void
page_row(const struct page *page, size_t row, const struct widths *widths, double cost)
{
	const struct rows *sites = page->sites;
	const char *verdict = rows_text(sites, row, "verdict");
	struct strbuf buf = { 0 };
	char number[3][SHOW_SIZE];
	size_t used;

	fprintf(page->out, "%3zu ", row + 1);
	page_color(page, page_class_color(advice_find(verdict)->class));
	used = show_text(&buf, verdict, 7);
	page_padded(page, buf.text ? buf.text : "", used, 8);
	page_color(page, "0");
	strbuf_clear(&buf);
	used = show_name(&buf, rows_text(sites, row, "function"), widths->function);
	page_padded(page, buf.text ? buf.text : "", used, widths->function + 1);
	strbuf_clear(&buf);
	page_add_where(&buf, rows_text(sites, row, "file"), rows_int(sites, row, "line"),
	    rows_text(sites, row, "module"), widths->where);
	/* paths are nearly always ASCII: bytes do for columns here */
	page_padded(page, buf.text, buf.len, widths->where);
	fprintf(page->out, " %8s %9s",
	    show_count(number[0], rows_real(sites, row, "blocks.estimated")),
	    show_bytes(number[1],
		rows_real(sites, row, page->is_by_peak ? "peak.bytes" : "bytes.estimated")));
	page_life(page, row);
	/* what the calls of a pool took is not known */
	fprintf(page->out, " %6s",
	    *rows_text(sites, row, "pool") != '\0'
		? "-"
		: show_share(number[2], rows_real(sites, row, "cost_ns.total"), cost));
	if (are_several(page))
		page_process(page, row);
	fputc('\n', page->out);
	strbuf_release(&buf);
}

void
page_table(const struct page *page)
{
	size_t most = page->top ? page->top : PAGE_ROWS;
	size_t count = page->sites->count < most ? page->sites->count : most;
	struct widths widths = measure(page, count);
	struct totals totals;

	totals_find(&totals, page->all);
	page_title(page, "Sites");
	page_color(page, DIM);
	fprintf(page->out, "%3s %-7s %-*s %-*s %8s %9s %8s %8s %6s%s\n", "", "verdict",
	    (int)widths.function, "function", (int)widths.where, "where", "blocks",
	    page->is_by_peak ? "at peak" : "bytes", "life p50", "p99", "time",
	    are_several(page) ? " process" : "");
	page_color(page, "0");
	for (size_t i = 0; i < count; i++)
		page_row(page, i, &widths, totals.all.cost);
	if (count < page->sites->count)
		fprintf(page->out, "    and %zu more (--top=%zu shows them)\n",
		    page->sites->count - count, page->sites->count);
}
