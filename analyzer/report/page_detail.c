#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyzer/format/rows.h"
#include "analyzer/report/advice.h"
#include "analyzer/report/page.h"
#include "analyzer/report/page_parts.h"
#include "analyzer/report/report.h"
#include "analyzer/report/snippet.h"
#include "analyzer/store/query.h"
#include "analyzer/util/paths.h"
#include "analyzer/util/show.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

enum {
	PAGE_DETAILS = 5,
	PAGE_FILE = 40, /* columns of a file outside the table */
	PAGE_PATH = 6,  /* frames of a path that are shown */
	PAGE_NAME = 40, /* columns of a caller's name */
	PAGE_CONTEXTS = 8,
	PAGE_PEAK = 10,   /* the least part of the peak that is told */
	PAGE_ENOUGH = 10, /* blocks, to say how many more may escape */
};

static void
page_label(const struct page *page, const char *label)
{
	page_color(page, DIM);
	fprintf(page->out, "   %-9s", label);
	page_color(page, "0");
}

static void
page_frame(const struct page *page, const struct report_frame *frame)
{
	struct strbuf buf = { 0 };
	size_t room = page->columns > 60 ? page->columns - 13 : 47;
	char *file = paths_shown(page->paths, frame->file);
	size_t used;

	strbuf_adds(&buf, "");
	used = show_name(&buf, frame->function, room / 2);
	strbuf_adds(&buf, *file ? " at " : " ");
	room -= used + 4;
	page_add_where(&buf, file, frame->line, frame->module, room < PAGE_FILE ? room : PAGE_FILE);
	fprintf(page->out, "%s\n", buf.text);
	strbuf_release(&buf);
	free(file);
}

/* The frames of a stack, a line each, start-up code and the wrappers that it begins with
 * left out. */
static int
page_stack(
    const struct page *page, struct query_db *db, int64_t id, const char *label, struct err *err)
{
	size_t count;
	size_t first = 0;
	size_t shown = 0;
	size_t whole;
	struct report_frame *frames = report_stack(db, id, &whole, err);

	if (!frames)
		return -1;
	count = report_stack_main(frames, whole);
	while (first + 1 < count && frames[first].is_wrapper)
		first++;
	for (size_t i = first; i < count; i++) {
		/* the innermost ones and the outermost one tell most */
		if (shown >= PAGE_PATH - 1 && i + 1 < count) {
			page_label(page, "");
			fprintf(page->out, "... %zu more\n", count - i - 1);
			i = count - 1;
		}
		page_label(page, shown == 0 ? label : "");
		page_frame(page, &frames[i]);
		shown++;
	}
	report_stack_free(frames, whole);
	return 0;
}

static void
page_source(const struct page *page, size_t row)
{
	const struct rows *sites = page->sites;
	struct strbuf buf = { 0 };
	struct tm run = { 0 };
	int64_t changed = 0;
	const struct snippet_place place = { rows_text(sites, row, "file"),
		rows_int(sites, row, "line"), rows_int(sites, row, "column") };
	bool is_there = snippet_add(&buf, page->paths, &place, page->columns, &changed);

	if (!is_there)
		return;
	fputs(buf.text, page->out);
	strbuf_release(&buf);
	if (strptime(rows_text(page->run, 0, "start"), "%Y-%m-%dT%H:%M:%S", &run) &&
	    changed > timegm(&run))
		fputs("        (the file was changed since the run)\n", page->out);
}

/* What it had of the most that was live. */
static void
page_peak(const struct page *page, size_t row)
{
	double bytes = rows_real(page->sites, row, "peak.bytes");
	double all = rows_real(page->run, 0, "peak_bytes");
	char number[3][SHOW_SIZE];

	/* several runs had theirs at different times, and a pool's memory is malloc's */
	if (bytes * PAGE_PEAK < all || bytes <= 0 || rows_int(page->run, 0, "runs") > 1 ||
	    bytes > all)
		return;
	page_label(page, "peak");
	fprintf(page->out, "%s in %s of them, %s of what was live at the peak\n",
	    show_bytes(number[0], bytes),
	    show_count(number[1], rows_real(page->sites, row, "peak.blocks")),
	    show_share(number[2], bytes, all));
}

static void
page_evidence(const struct page *page, size_t row)
{
	const struct rows *sites = page->sites;
	char number[6][SHOW_SIZE];
	double observed = rows_real(sites, row, "blocks.observed");
	double rate = advice_blocks_a_call(sites, row);
	int64_t low = rows_int(sites, row, "size.min");
	int64_t high = rows_int(sites, row, "size.max");

	page_label(page, "blocks");
	fputs(show_count(number[0], rows_real(sites, row, "blocks.estimated")), page->out);
	if (rows_real(sites, row, "blocks.high") > rows_real(sites, row, "blocks.low") + 0.5)
		fprintf(page->out, " (%s to %s)",
		    show_count(number[1], rows_real(sites, row, "blocks.low")),
		    show_count(number[2], rows_real(sites, row, "blocks.high")));
	fprintf(page->out, " of %lld", (long long)low);
	if (high != low)
		fprintf(page->out, " to %lld", (long long)high);
	fprintf(page->out, " byte%s", show_s((double)high));
	if (rate >= 1.5)
		fprintf(page->out, ", %s a call", show_count(number[4], rate));
	if (rows_at(sites, row, "life_ns.p50")->type != CELL_NULL)
		fprintf(page->out, ", lived %s (p50), %s (p99), %s at most",
		    show_ns(number[1], rows_real(sites, row, "life_ns.p50")),
		    show_ns(number[2], rows_real(sites, row, "life_ns.p99")),
		    show_ns(number[3], rows_real(sites, row, "life_ns.max")));
	fputc('\n', page->out);
	page_peak(page, row);
	page_label(page, "evidence");
	fprintf(page->out, "%s observed, %s proved, %s presumed", show_count(number[0], observed),
	    show_share(number[1], rows_real(sites, row, "evidence.proved"), observed),
	    show_share(number[2], rows_real(sites, row, "evidence.inferred"), observed));
	/* of few blocks it says nothing, and what is presumed may be wrong of all of them */
	if (rows_real(sites, row, "fates.local") >= observed && observed >= PAGE_ENOUGH &&
	    rows_real(sites, row, "evidence.inferred") <= 0)
		fprintf(page->out, "; at most %s can escape (95 %% sure)",
		    show_share(number[3], rows_real(sites, row, "escape_rate_upper"), 1));
	fputc('\n', page->out);
}

static void
page_owner(const struct page *page, size_t row)
{
	const struct rows *sites = page->sites;
	int64_t distance = rows_int(sites, row, "owner.distance");

	if (!*rows_text(sites, row, "owner.function"))
		return;
	page_label(page, "owner");
	page_text(page, rows_text(sites, row, "owner.function"), 60);
	if (distance > 0)
		fprintf(page->out, ", %lld up", (long long)distance);
	else
		fputs(", the site itself", page->out);
	fputc('\n', page->out);
}

static void
page_headline(const struct page *page, size_t row)
{
	const struct rows *sites = page->sites;
	const char *verdict = rows_text(sites, row, "verdict");
	const char *container = rows_text(sites, row, "container");
	struct strbuf buf = { 0 };
	int64_t column = rows_int(sites, row, "column");

	fputc('\n', page->out);
	page_color(page, BOLD);
	page_add_where(&buf, rows_text(sites, row, "file"), rows_int(sites, row, "line"),
	    rows_text(sites, row, "module"), PAGE_FILE);
	if (*rows_text(sites, row, "file") && column > 0)
		strbuf_addf(&buf, ":%lld", (long long)column);
	fprintf(page->out, "%zu. %s:", row + 1, buf.text);
	page_color(page, "0");
	strbuf_clear(&buf);
	strbuf_adds(&buf, " ");
	if (*container && strcmp(container, "library") != 0) {
		show_text(&buf, container, 30);
		strbuf_adds(&buf, ": ");
	}
	show_text(&buf, rows_text(sites, row, "allocator"), 30);
	if (rows_int(sites, row, "size.min") == rows_int(sites, row, "size.max"))
		strbuf_addf(&buf, "(%lld)", (long long)rows_int(sites, row, "size.min"));
	strbuf_adds(&buf, " in ");
	show_text(&buf, rows_text(sites, row, "function"), 60);
	strbuf_adds(&buf, " ");
	advice_add_fate(&buf, sites, row);
	fprintf(page->out, "%s ", buf.text);
	page_color(page, page_class_color(advice_find(verdict)->class));
	fputc('[', page->out);
	page_text(page, verdict, 10);
	fputc(']', page->out);
	page_color(page, "0");
	fputc('\n', page->out);
	strbuf_release(&buf);
}

static int
page_counter(const struct page *page, struct query_db *db, size_t row, struct err *err)
{
	const char *fate = rows_text(page->sites, row, "counterexample.fate");
	int64_t id = rows_int(page->sites, row, ".counter_id");

	if (!*fate || !advice_shows_counter(rows_text(page->sites, row, "verdict")))
		return 0;
	page_label(page, "but");
	fputs(strcmp(fate, "live") == 0       ? "one that was kept, allocated here:\n"
		: strcmp(fate, "thread") == 0 ? "one that another thread freed, here:\n"
		: strcmp(fate, "up") == 0     ? "one that outlived its function, freed here:\n"
					      : "one that did otherwise, here:\n",
	    page->out);
	return page_stack(page, db, id, "", err);
}

/* The place that freed most of the blocks of ?1, the sites that the row stands for:
 * wrappers are stepped over. */
static const char freed_sql[] =
    "WITH RECURSIVE up(at, blocks) AS ("
    " SELECT stack, blocks FROM free_path WHERE site IN (SELECT value FROM json_each(?1))"
    " UNION ALL"
    " SELECT k.parent, up.blocks FROM up JOIN stack k ON k.id = up.at"
    " JOIN frame f ON f.id = k.frame WHERE f.wrapper AND k.parent > 0"
    " LIMIT 1000000)"
    " SELECT f.function, f.file, f.line, m.path, total(up.blocks) AS n,"
    "  (SELECT total(blocks) FROM free_path WHERE site IN (SELECT value FROM json_each(?1)))"
    " FROM up JOIN stack k ON k.id = up.at JOIN frame f ON f.id = k.frame"
    "  JOIN module m ON m.id = f.module WHERE NOT f.wrapper"
    " GROUP BY f.function, f.file, f.line, m.path ORDER BY n DESC LIMIT 1";

static int
page_freed(const struct page *page, struct query_db *db, size_t row, struct err *err)
{
	struct query *query = query_prepare(db, freed_sql, err);
	struct report_frame frame = { .function = NULL };
	char number[SHOW_SIZE];
	int rc;

	if (!query)
		return -1;
	query_bind_text(query, 1, rows_text(page->sites, row, ".ids"));
	rc = query_next(query, err);
	if (rc > 0) {
		frame.function = xstrdup(query_text(query, 0));
		frame.file = xstrdup(query_text(query, 1));
		frame.line = query_int(query, 2);
		frame.module = xstrdup(query_text(query, 3));
		page_label(page, "freed");
		fprintf(page->out, "%s in ",
		    show_share(number, query_real(query, 4), query_real(query, 5)));
		page_frame(page, &frame);
		free(frame.function);
		free(frame.file);
		free(frame.module);
	}
	query_finish(query);
	return rc < 0 ? -1 : 0;
}

/* Adds "load < main at src/main.c:12": the callers of a context, the site left out. */
static int
page_add_callers(const struct page *page, struct query_db *db, const struct rows *contexts,
    size_t row, struct strbuf *buf, struct err *err)
{
	int64_t callers = rows_int(contexts, row, ".callers");
	size_t count, last;
	struct report_frame *frames =
	    report_stack(db, rows_int(contexts, row, ".stack_id"), &count, err);

	if (!frames)
		return -1;
	for (size_t i = 1; i < count && (int64_t)i <= callers; i++) {
		strbuf_adds(buf, i > 1 ? " < " : "");
		show_name(buf, frames[i].function, PAGE_NAME);
	}
	last = callers > 0 && (size_t)callers < count ? (size_t)callers : 0;
	if (last > 0 && *frames[last].file) {
		char *file = paths_shown(page->paths, frames[last].file);

		strbuf_adds(buf, " at ");
		page_add_where(buf, file, frames[last].line, frames[last].module, PAGE_FILE);
		free(file);
	}
	if (last == 0)
		strbuf_adds(buf, "start-up code");
	report_stack_free(frames, count);
	return 0;
}

/* The callers of contexts[row], and that they look like earlier ones, which made the call
 * from another place, if they do: `shown` has what was written of these. */
static int
page_callers(const struct page *page, struct query_db *db, const struct rows *contexts, size_t row,
    struct strbuf *shown, struct err *err)
{
	bool again = false;

	strbuf_adds(&shown[row], "");
	if (page_add_callers(page, db, contexts, row, &shown[row], err) < 0)
		return -1;
	for (size_t i = 0; i < row; i++)
		again |= strcmp(shown[i].text, shown[row].text) == 0;
	fprintf(page->out, "%s%s\n", shown[row].text, again ? " (another call)" : "");
	return 0;
}

/* The verdict by caller, where they differ. */
static int
page_contexts(const struct page *page, struct query_db *db, size_t row, struct err *err)
{
	const struct rows *contexts = rows_at(page->sites, row, "contexts")->rows;
	double blocks = rows_real(page->sites, row, "blocks.estimated");
	struct strbuf shown[PAGE_CONTEXTS] = { { 0 } };
	char number[SHOW_SIZE];
	int rc = 0;

	for (size_t i = 0; rc == 0 && contexts && i < contexts->count && i < PAGE_CONTEXTS; i++) {
		const char *verdict = rows_text(contexts, i, "verdict");

		page_label(page, i == 0 ? "called" : "");
		fprintf(page->out, "%6s ",
		    show_share(number, rows_real(contexts, i, "blocks.estimated"), blocks));
		page_color(page, page_class_color(advice_find(verdict)->class));
		page_text(page, verdict, 8);
		page_color(page, "0");
		fprintf(page->out, "%*s from ",
		    (int)(strlen(verdict) < 7 ? 7 - strlen(verdict) : 0), "");
		rc = page_callers(page, db, contexts, i, shown, err);
	}
	for (size_t i = 0; i < PAGE_CONTEXTS; i++)
		strbuf_release(&shown[i]);
	if (rc == 0 && contexts && contexts->count > PAGE_CONTEXTS) {
		page_label(page, "");
		fprintf(page->out, "... %zu more caller%s\n", contexts->count - PAGE_CONTEXTS,
		    show_s((double)(contexts->count - PAGE_CONTEXTS)));
	}
	return rc;
}

int
page_write_site(const struct page *page, struct query_db *db, size_t row, struct err *err)
{
	struct strbuf buf = { 0 };

	page_headline(page, row);
	page_source(page, row);
	page_label(page, "advice");
	strbuf_adds(&buf, "");
	advice_add_remedy(&buf, page->sites, row);
	page_color(page, BOLD);
	fputs(buf.text, page->out);
	page_color(page, "0");
	fputc('\n', page->out);
	strbuf_release(&buf);
	page_evidence(page, row);
	page_owner(page, row);
	if (page_contexts(page, db, row, err) < 0)
		return -1;
	if (page_stack(page, db, rows_int(page->sites, row, ".stack_id"), "path", err) < 0 ||
	    page_freed(page, db, row, err) < 0)
		return -1;
	return page_counter(page, db, row, err);
}

int
page_details(const struct page *page, struct query_db *db, struct err *err)
{
	size_t shown = 0;

	for (size_t i = 0; i < page->sites->count && shown < PAGE_DETAILS; i++) {
		const char *verdict = rows_text(page->sites, i, "verdict");
		enum advice_class class = advice_find(verdict)->class;

		if (page->top && i >= page->top)
			break;
		/* of those that escape, some callers' may not */
		if (class == ADVICE_OPEN ||
		    rows_real(page->sites, i, shown > 0 ? ".gain" : "saved.blocks") <= 0)
			continue;
		if (page_write_site(page, db, i, err) < 0)
			return -1;
		shown++;
	}
	return 0;
}
