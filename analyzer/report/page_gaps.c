#include "analyzer/report/page_parts.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "analyzer/format/rows.h"
#include "analyzer/report/advice.h"
#include "analyzer/report/page.h"
#include "analyzer/report/totals.h"
#include "analyzer/store/query.h"
#include "analyzer/util/show.h"

enum { PAGE_MODULES = 5, PAGE_FEW = 10 };
/* An estimate that is off by more than one part in so many is said to be. */
enum { PAGE_ASTRAY = 5 };

/* A reason in site.unknown_why (esc-verdicts(7)): of a sample. */
#define GAPS_MISSING "unrecorded events in between"

/* Before the first line of what was not seen. */
static void
gaps_title(const struct page *page, bool *any)
{
	if (!*any)
		page_title(page, "Not seen");
	*any = true;
}

/* What the number in that column counts, in words for one of it and for many. */
static void
page_gap(const struct page *page, bool *any, const char *column, double whole, const char *one,
    const char *many)
{
	double count = rows_real(page->run, 0, column);
	char number[2][SHOW_SIZE];

	if (count < 0.5)
		return;
	gaps_title(page, any);
	fprintf(
	    page->out, "  %s %s", show_count(number[0], count), show_is_one(count) ? one : many);
	if (whole > 0)
		fprintf(page->out, " (%s)", show_share(number[1], count, whole));
	fputc('\n', page->out);
}

/* A module that matters (frames lie in it) and has no names. */
static bool
module_is_dark(const struct rows *modules, size_t at)
{
	static const char *const dark[] = { "missing", "mismatch", "unreadable", "failed" };
	const char *symbols = rows_text(modules, at, "symbols");

	for (size_t i = 0; i < sizeof(dark) / sizeof(*dark); i++) {
		if (strcmp(symbols, dark[i]) == 0)
			return true;
	}
	return false;
}

/* What of the cost lies in sites of a module that have no line. */
static double
module_lineless(const struct page *page, const char *path)
{
	double cost = 0;

	for (size_t i = 0; i < page->all->count; i++) {
		if (!*rows_text(page->all, i, "file") &&
		    strcmp(rows_text(page->all, i, "module"), path) == 0)
			cost += rows_real(page->all, i, "blocks.estimated");
	}
	return cost;
}

/* Files without line numbers, where it matters: 1 % of the blocks or more. */
static void
page_lines(const struct page *page, bool *any, double blocks)
{
	char number[SHOW_SIZE];

	for (size_t i = 0; i < page->modules->count; i++) {
		const char *path = rows_text(page->modules, i, "path");
		const char *symbols = rows_text(page->modules, i, "symbols");
		bool partial = strcmp(symbols, "partial") == 0;
		double lineless;

		if (!partial && strcmp(symbols, "symtab") != 0)
			continue;
		lineless = module_lineless(page, path);
		if (lineless * 100 < blocks || lineless <= 0)
			continue;
		gaps_title(page, any);
		fputs("  no lines for ", page->out);
		page_path(page, path, page->columns - 60);
		fprintf(page->out, " (%s of the blocks): %s\n",
		    show_share(number, lineless, blocks),
		    partial ? "its debug information cannot be read"
			    : "build it with -g, or get its debug symbols");
	}
}

/* Split units that are not there: what was inlined counts as its caller's. */
static void
page_split(const struct page *page, bool *any)
{
	for (size_t i = 0; i < page->modules->count; i++) {
		if (strcmp(rows_text(page->modules, i, "symbols"), "split") != 0)
			continue;
		gaps_title(page, any);
		fputs("  inlined functions of ", page->out);
		page_path(page, rows_text(page->modules, i, "path"), page->columns - 60);
		fputs(": its .dwo files, or the .dwp, are not there\n", page->out);
	}
}

static void
page_modules(const struct page *page, bool *any)
{
	size_t dark = 0;

	for (size_t i = 0; i < page->modules->count; i++) {
		const char *path = rows_text(page->modules, i, "path");
		const char *why;

		if (!module_is_dark(page->modules, i) || *path != '/' || ++dark > PAGE_MODULES)
			continue;
		gaps_title(page, any);
		fputs("  no names for ", page->out);
		page_path(page, path, page->columns - 40);
		why = rows_text(page->modules, i, "symbols");
		if (strcmp(why, "failed") == 0) {
			fputs(": the symboliser failed\n", page->out);
			continue;
		}
		fputs(": file is ", page->out);
		page_text(page, why, 20);
		fputc('\n', page->out);
	}
	if (dark > PAGE_MODULES)
		fprintf(page->out, "  and for %zu more module%s (esc info)\n", dark - PAGE_MODULES,
		    show_s((double)(dark - PAGE_MODULES)));
}

/* What records, or decides without, the events that a sample is missing. */
static void
page_remedy(const struct page *page)
{
	if (rows_int(page->run, 0, "whole") != 0)
		return;
	if (*rows_text(page->run, 0, "marks") == '\0')
		fputs(
		    "      esc record --exact decides most of these by marking return addresses,\n"
		    "      --full records what is missing there\n",
		    page->out);
	else
		fputs("      esc record --full records what is missing there\n", page->out);
}

/* Why fates are unknown, the most frequent reason first. */
static int
page_reasons(const struct page *page, struct query_db *db, struct err *err)
{
	struct query *query = query_prepare(db,
	    "SELECT w.key, total(w.value) AS n FROM site s, json_each(CASE WHEN"
	    " json_valid(s.unknown_why) THEN s.unknown_why ELSE '{}' END) w"
	    " GROUP BY w.key HAVING n > 0 ORDER BY n DESC LIMIT 6",
	    err);
	char number[SHOW_SIZE];
	int rc = -1;

	while (query && (rc = query_next(query, err)) > 0) {
		const char *why = query_text(query, 0);

		fprintf(page->out, "    %s: ", show_count(number, query_real(query, 1)));
		page_text(page, why, page->columns - 20);
		fputc('\n', page->out);
		if (strcmp(why, GAPS_MISSING) == 0)
			page_remedy(page);
	}
	query_finish(query);
	return rc;
}

/* What need not be on the heap by so few blocks of a sample that most of the others may do
 * otherwise. */
struct few {
	size_t sites, callers;
	double blocks;
};

/* Of a row of sites or contexts. */
static bool
few_are_seen(const struct rows *rows, size_t row)
{
	double observed = rows_real(rows, row, "blocks.observed");

	return advice_find(rows_text(rows, row, "verdict"))->class == ADVICE_SAVE &&
	    observed < PAGE_FEW && rows_real(rows, row, "blocks.estimated") > observed;
}

/* The callers by which some of a site's blocks are said not to escape. */
static void
few_add_callers(struct few *few, const struct rows *contexts)
{
	for (size_t i = 0; contexts && i < contexts->count; i++) {
		if (!few_are_seen(contexts, i))
			continue;
		few->callers++;
		few->blocks += rows_real(contexts, i, "blocks.estimated");
	}
}

static struct few
few_find(const struct rows *sites)
{
	struct few few = { .sites = 0 };

	for (size_t i = 0; i < sites->count; i++) {
		double saved = rows_real(sites, i, "saved.blocks");
		const char *verdict = rows_text(sites, i, "verdict");

		if (!(saved > 0))
			continue;
		if (few_are_seen(sites, i)) {
			few.sites++;
			few.blocks += saved;
		} else if (!advice_is_among("stack,buffer,caller,reuse,mixed", verdict)) {
			few_add_callers(&few, rows_at(sites, i, "contexts")->rows);
		}
	}
	return few;
}

static void
page_few(const struct page *page, bool *any, double blocks)
{
	struct few few = few_find(page->all);
	char number[SHOW_SIZE];

	if (few.sites + few.callers == 0)
		return;
	gaps_title(page, any);
	fputs("  ", page->out);
	if (few.sites > 0)
		fprintf(page->out, "%zu site%s", few.sites, show_s((double)few.sites));
	if (few.callers > 0)
		fprintf(page->out, "%s%zu caller%s of %s", few.sites > 0 ? " and " : "",
		    few.callers, show_s((double)few.callers), few.sites > 0 ? "others" : "sites");
	fprintf(page->out,
	    " that need not be on the heap, %s of the blocks:\n"
	    "    fewer than %d blocks of %s were seen, the others may escape (esc record --full)\n",
	    show_share(number, few.blocks, blocks), PAGE_FEW,
	    few.sites + few.callers == 1 ? "it" : "each");
}

/* What the samples stand for, where that is far from what was counted. Of a filter's sites
 * nobody counted; of what was lost or passed over none was taken. */
static void
page_estimate(const struct page *page, bool *any, double blocks)
{
	const struct rows *run = page->run;
	double counted = rows_real(run, 0, "allocations");
	double estimated = blocks - rows_real(run, 0, "pool_blocks");
	char number[2][SHOW_SIZE];

	if (rows_int(run, 0, "whole") || *rows_text(run, 0, "filter") != '\0' ||
	    rows_real(run, 0, "lost") > 0 || rows_real(run, 0, "passed") > 0 ||
	    fabs(estimated - counted) * PAGE_ASTRAY <= counted)
		return;
	gaps_title(page, any);
	fprintf(page->out,
	    "  too few samples: they stand for %s block%s, %s %s allocated (esc record --full)\n",
	    show_count(number[0], estimated), show_s(estimated), show_count(number[1], counted),
	    show_is_one(counted) ? "was" : "were");
}

static void
page_incomplete(const struct page *page, bool *any)
{
	long long damaged = (long long)rows_int(page->run, 0, "damaged");
	double missing = rows_real(page->run, 0, "missing");
	char bytes[SHOW_SIZE];

	if (rows_int(page->run, 0, "complete") ||
	    (rows_int(page->run, 0, "running") && damaged == 0))
		return;
	gaps_title(page, any);
	if (damaged == 0)
		fputs("  the trace was not closed: it ends where the program "
		      "or its keeper was killed\n",
		    page->out);
	else
		fprintf(page->out,
		    "  the trace is damaged or cut, or there was no room for all of it: %lld "
		    "place%s,\n"
		    "    %s of it missing (esc analyze tells which; its --memory gives room)\n",
		    damaged, show_s((double)damaged), show_bytes(bytes, missing));
}

/* Of lost events: when, where that is known, and why. */
static void
page_lost(const struct page *page)
{
	double until = rows_real(page->run, 0, "lost_until_ns");
	char times[2][SHOW_SIZE];

	if (rows_real(page->run, 0, "lost") < 0.5)
		return;
	fputs("    ", page->out);
	if (until > 0)
		fprintf(page->out, "from %s to %s after the start: ",
		    show_ns(times[0], rows_real(page->run, 0, "lost_from_ns")),
		    show_ns(times[1], until));
	page_text(page, rows_text(page->run, 0, "lost_why"), page->columns);
	fputc('\n', page->out);
}

/* Programs of several of which nothing was seen; of a single one page_empty tells. */
static int
page_idle(const struct page *page, bool *any, struct query_db *db, struct err *err)
{
	struct query *query = query_prepare(db,
	    "SELECT exe, count(*) OVER () FROM run WHERE allocations = 0 GROUP BY exe"
	    " HAVING (SELECT count(*) FROM run) > 1 ORDER BY exe LIMIT 5",
	    err);
	int64_t count = 0, shown = 0;
	int rc = -1;

	while (query && (rc = query_next(query, err)) > 0) {
		gaps_title(page, any);
		count = query_int(query, 1);
		shown++;
		fputs("  no allocation of ", page->out);
		page_path(page, query_text(query, 0), page->columns - 40);
		fputs(": it made none, or has an allocator of its own\n", page->out);
	}
	if (rc == 0 && count > shown)
		fprintf(page->out, "  nor of %lld more program%s (esc info)\n",
		    (long long)(count - shown), show_s((double)(count - shown)));
	query_finish(query);
	return rc;
}

/* What was too large to be counted. */
static void
page_beyond(const struct page *page, bool *any)
{
	static const char *const totals[] = { "allocations", "frees", "bytes", "peak_bytes",
		"lost" };
	bool is_beyond = false;

	for (size_t i = 0; i < sizeof(totals) / sizeof(*totals); i++)
		is_beyond |= rows_int(page->run, 0, totals[i]) == INT64_MAX;
	if (!is_beyond)
		return;
	gaps_title(page, any);
	fputs(
	    "  totals exceed 2^63 - 1: shown as at least that (esc info tells which)\n", page->out);
}

int
page_gaps(const struct page *page, struct query_db *db, struct err *err)
{
	const struct rows *run = page->run;
	struct totals totals;
	double observed = 0;
	bool any = false;

	totals_find(&totals, page->all);

	for (size_t i = 0; i < page->all->count; i++)
		observed += rows_real(page->all, i, "blocks.observed");
	page_gap(page, &any, "lost", rows_real(run, 0, "recorded") + rows_real(run, 0, "lost"),
	    "event was lost", "events were lost");
	page_lost(page);
	page_gap(page, &any, "unknown", observed,
	    "block has an unknown fate: the evidence does not decide",
	    "blocks have an unknown fate: the evidence does not decide");
	if (any && rows_real(run, 0, "unknown") > 0 && page_reasons(page, db, err) < 0)
		return -1;
	page_few(page, &any, totals.all.blocks);
	page_estimate(page, &any, totals.all.blocks);
	page_gap(page, &any, "cut", 0, "stack was cut at the depth limit (record --depth=N)",
	    "stacks were cut at the depth limit (record --depth=N)");
	page_gap(page, &any, "broken", 0, "stack ended early: no unwind information there",
	    "stacks ended early: no unwind information there");
	page_gap(page, &any, "unmatched_frees", 0, "free of a block whose allocation was not seen",
	    "frees of blocks whose allocation was not seen");
	page_incomplete(page, &any);
	page_beyond(page, &any);
	if (page_idle(page, &any, db, err) < 0)
		return -1;
	page_modules(page, &any);
	page_lines(page, &any, totals.all.blocks);
	page_split(page, &any);
	return 0;
}
