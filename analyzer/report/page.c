#include "analyzer/report/page.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "analyzer/format/rows.h"
#include "analyzer/report/advice.h"
#include "analyzer/report/report.h"
#include "analyzer/report/snippet.h"
#include "analyzer/store/query.h"
#include "analyzer/util/show.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

enum {
	PAGE_ROWS = 20, /* sites in the table unless --top says otherwise */
	PAGE_DETAILS = 5,
	PAGE_FILE = 40,  /* columns of a file outside the table */
	PAGE_PATH = 6,   /* frames of a path that are shown */
	PAGE_FIXED = 59, /* columns of the table that are no names */
	PAGE_MODULES = 5,
};

#define BOLD "1"
#define DIM "2"

static void
page_color(const struct page *page, const char *code)
{
	if (page->is_colored)
		fprintf(page->out, "\033[%sm", code);
}

static void
page_title(const struct page *page, const char *title)
{
	fputc('\n', page->out);
	page_color(page, BOLD);
	fputs(title, page->out);
	page_color(page, "0");
	fputc('\n', page->out);
}

static const char *class_color(enum advice_class class)
{
	switch (class) {
	case ADVICE_SAVE: return "1;32";
	case ADVICE_PART: return "33";
	case ADVICE_KEEP: return "36";
	case ADVICE_OPEN: break;
	}
	return "35";
}

static const char *
plural(double count)
{
	return count > 0.5 && count < 1.5 ? "" : "s";
}

/* Text from outside, harmless, at most `columns` wide; returns its width. */
static size_t
page_text(const struct page *page, const char *text, size_t columns)
{
	struct strbuf buf = { 0 };
	size_t width;

	strbuf_adds(&buf, "");
	width = show_text(&buf, text, columns);
	fputs(buf.text, page->out);
	strbuf_release(&buf);
	return width;
}

/* A file as a person names it from here. */
static const char *
near_path(const char *path)
{
	static char here[4096];
	size_t len;

	if (here[0] == '\0' && !getcwd(here, sizeof(here)))
		here[0] = '\0';
	len = strlen(here);
	if (len > 1 && strncmp(path, here, len) == 0 && path[len] == '/')
		return path + len + 1;
	return path;
}

/* ---- the run */

static void
page_command(const struct page *page)
{
	const struct cell *command = rows_at(page->run, 0, "command");
	struct strbuf line = { 0 };

	strbuf_adds(&line, "");
	for (size_t i = 0; i < command->count && line.len < 400; i++) {
		bool is_odd =
		    command->list[i][0] == '\0' || strpbrk(command->list[i], " \t\"'$\\") != NULL;

		strbuf_addf(&line, "%s%s%s%s", i ? " " : "", is_odd ? "'" : "", command->list[i],
		    is_odd ? "'" : "");
	}
	page_color(page, BOLD);
	page_text(page, line.len > 0 ? line.text : "(unknown program)", page->columns);
	page_color(page, "0");
	fputc('\n', page->out);
	strbuf_release(&line);
}

static void
page_facts(const struct page *page)
{
	const struct rows *run = page->run;
	char number[5][SHOW_SIZE];
	char start[20];
	int64_t runs = rows_int(run, 0, "runs");
	int64_t processes = rows_int(run, 0, "processes");
	int64_t threads = rows_int(run, 0, "threads");

	snprintf(start, sizeof(start), "%.16s", rows_text(run, 0, "start"));
	if (strlen(start) > 10)
		start[10] = ' ';
	fprintf(page->out, "  ran %s", show_ns(number[0], rows_real(run, 0, "duration_ns")));
	if (runs > 1)
		fprintf(page->out, " in %lld runs, the first", (long long)runs);
	fputs(" on ", page->out);
	page_text(page, start, sizeof(start));
	fprintf(page->out, " UTC, pid %lld, %lld process%s, %lld thread%s\n",
	    (long long)rows_int(run, 0, "pid"), (long long)processes, processes == 1 ? "" : "es",
	    (long long)threads, plural((double)threads));
	fprintf(page->out, "  %s allocations, %s frees, %s allocated, %s at the peak\n",
	    show_count(number[1], rows_real(run, 0, "allocations")),
	    show_count(number[2], rows_real(run, 0, "frees")),
	    show_bytes(number[3], rows_real(run, 0, "bytes")),
	    show_bytes(number[4], rows_real(run, 0, "peak_bytes")));
}

static void
page_cost(const struct page *page)
{
	const struct rows *run = page->run;
	double cost = rows_real(run, 0, "cost_ns");
	double timed = rows_real(run, 0, "timed");
	char number[3][SHOW_SIZE];

	fprintf(page->out, "  %s in malloc and free", show_ns(number[0], cost));
	if (rows_int(run, 0, "threads") == 1)
		fprintf(page->out, ", %s of the run",
		    show_share(number[1], cost, rows_real(run, 0, "duration_ns")));
	fprintf(page->out, ", estimated from %s timed call%s\n", show_count(number[2], timed),
	    plural(timed));
}

static void
page_mode(const struct page *page)
{
	const struct rows *run = page->run;
	char number[3][SHOW_SIZE];

	if (strcmp(rows_text(run, 0, "mode"), "full") == 0)
		fputs("  mode full: every call was to be recorded\n", page->out);
	else
		fprintf(page->out,
		    "  mode sampled: one block every %s was recorded (%s "
		    "in all); counts below are estimates\n",
		    show_bytes(number[0], rows_real(run, 0, "sample_interval")),
		    show_count(number[1], rows_real(run, 0, "recorded")));
	if (rows_real(run, 0, "cost_ns") > 0)
		page_cost(page);
	if (*rows_text(run, 0, "allocator")) {
		fputs("  allocator ", page->out);
		page_text(page, rows_text(run, 0, "allocator"), page->columns - 12);
		fputc('\n', page->out);
	}
}

/* ---- what need not be on the heap */

struct sum {
	size_t sites;
	double blocks, bytes, cost;
	double saved_blocks, saved_bytes, saved_cost;
};

static struct sum
sum_sites(const struct rows *sites, const char *verdict)
{
	struct sum sum = { 0 };

	for (size_t i = 0; i < sites->count; i++) {
		if (verdict && strcmp(rows_text(sites, i, "verdict"), verdict))
			continue;
		sum.sites++;
		sum.blocks += rows_real(sites, i, "blocks.estimated");
		sum.bytes += rows_real(sites, i, "bytes.estimated");
		sum.cost += rows_real(sites, i, "cost_ns.total");
		sum.saved_blocks += rows_real(sites, i, "saved.blocks");
		sum.saved_bytes += rows_real(sites, i, "saved.bytes");
		sum.saved_cost += rows_real(sites, i, "saved.cost_ns");
	}
	return sum;
}

static void
page_verdict(const struct page *page, const struct advice *advice, const struct sum *all)
{
	struct sum sum = sum_sites(page->all, advice->verdict);
	char number[5][SHOW_SIZE];

	if (sum.sites == 0)
		return;
	fputs("  ", page->out);
	page_color(page, class_color(advice->class));
	fprintf(page->out, "%-8s", advice->verdict);
	page_color(page, "0");
	fprintf(page->out, "%6s site%-1s %9s %6s %10s %9s  %s\n",
	    show_count(number[0], (double)sum.sites), plural((double)sum.sites),
	    show_count(number[1], sum.blocks), show_share(number[2], sum.blocks, all->blocks),
	    show_bytes(number[3], sum.bytes), show_ns(number[4], sum.cost), advice->meaning);
}

static void
page_saving(const struct page *page)
{
	struct sum all = sum_sites(page->all, NULL);
	char number[7][SHOW_SIZE];

	fputc('\n', page->out);
	page_color(page, BOLD);
	fprintf(page->out, "%s of the blocks need not be on the heap",
	    show_share(number[0], all.saved_blocks, all.blocks));
	page_color(page, "0");
	fprintf(page->out, ": %s of %s blocks, %s of %s", show_count(number[1], all.saved_blocks),
	    show_count(number[2], all.blocks), show_bytes(number[3], all.saved_bytes),
	    show_bytes(number[4], all.bytes));
	if (all.cost > 0)
		fprintf(page->out, ", %s of %s", show_ns(number[5], all.saved_cost),
		    show_ns(number[6], all.cost));
	fputs("\n", page->out);
	page_color(page, DIM);
	fprintf(page->out, "  %-8s %11s %9s %6s %10s %9s\n", "verdict", "", "blocks", "", "bytes",
	    "time");
	page_color(page, "0");
	for (size_t i = 0; advice_at(i); i++)
		page_verdict(page, advice_at(i), &all);
}

/* ---- what was not seen */

static void
page_gap(const struct page *page, bool *any, const char *column, double whole, const char *what)
{
	double count = rows_real(page->run, 0, column);
	char number[2][SHOW_SIZE];

	if (count < 0.5)
		return;
	if (!*any)
		page_title(page, "Not seen");
	*any = true;
	fprintf(page->out, "  %s %s", show_count(number[0], count), what);
	if (whole > 0)
		fprintf(page->out, " (%s)", show_share(number[1], count, whole));
	fputc('\n', page->out);
}

/* A module that matters (frames lie in it) and has no names. */
static bool
module_is_dark(const struct rows *modules, size_t at)
{
	static const char *const dark[] = { "missing", "mismatch", "unreadable" };
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
		double lineless = module_lineless(page, path);

		if (strcmp(rows_text(page->modules, i, "symbols"), "symtab") ||
		    lineless * 100 < blocks || lineless <= 0)
			continue;
		if (!*any)
			page_title(page, "Not seen");
		*any = true;
		fputs("  no lines for ", page->out);
		page_text(page, near_path(path), page->columns - 60);
		fprintf(page->out,
		    " (%s of the blocks): build it with -g, or get its debug "
		    "symbols\n",
		    show_share(number, lineless, blocks));
	}
}

static void
page_modules(const struct page *page, bool *any)
{
	size_t dark = 0;

	for (size_t i = 0; i < page->modules->count; i++) {
		const char *path = rows_text(page->modules, i, "path");

		if (!module_is_dark(page->modules, i) || *path != '/' || ++dark > PAGE_MODULES)
			continue;
		if (!*any)
			page_title(page, "Not seen");
		*any = true;
		fputs("  no names for ", page->out);
		page_text(page, path, page->columns - 40);
		fputs(": file is ", page->out);
		page_text(page, rows_text(page->modules, i, "symbols"), 20);
		fputc('\n', page->out);
	}
	if (dark > PAGE_MODULES)
		fprintf(page->out, "  and for %zu more modules (esc info)\n", dark - PAGE_MODULES);
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
		fprintf(page->out, "    %s: ", show_count(number, query_real(query, 1)));
		page_text(page, query_text(query, 0), page->columns - 20);
		fputc('\n', page->out);
	}
	query_finish(query);
	return rc;
}

static int
page_gaps(const struct page *page, struct query_db *db, struct err *err)
{
	const struct rows *run = page->run;
	double observed = 0;
	bool any = false;

	for (size_t i = 0; i < page->all->count; i++)
		observed += rows_real(page->all, i, "blocks.observed");
	page_gap(page, &any, "lost", rows_real(run, 0, "recorded") + rows_real(run, 0, "lost"),
	    "events were lost");
	page_gap(page, &any, "unknown", observed,
	    "blocks have an unknown fate: the evidence does not decide");
	if (any && rows_real(run, 0, "unknown") > 0 && page_reasons(page, db, err) < 0)
		return -1;
	page_gap(page, &any, "cut", 0, "stacks were cut at the depth limit (record --depth=N)");
	page_gap(page, &any, "broken", 0, "stacks ended early: no unwind information there");
	page_gap(page, &any, "unmatched_frees", 0, "frees of blocks whose allocation was not seen");
	if (!rows_int(run, 0, "complete")) {
		if (!any)
			page_title(page, "Not seen");
		any = true;
		fputs("  the trace was not closed: it ends where the program "
		      "or its keeper was killed\n",
		    page->out);
	}
	page_modules(page, &any);
	page_lines(page, &any, sum_sites(page->all, NULL).blocks);
	return 0;
}

/* ---- the sites */

struct widths {
	size_t function;
	size_t where;
};

/* The end of a path, from a slash on if there is one where it fits. */
static void
path_add(struct strbuf *buf, const char *path, size_t columns)
{
	size_t len = strlen(path);
	const char *slash;

	if (len > columns && columns > 0) {
		slash = strchr(path + len - columns, '/');
		if (slash && slash[1])
			path = slash + 1;
	}
	show_tail(buf, path, columns);
}

/* file:line, or the module in brackets where the file is not known. */
static void
where_add(struct strbuf *buf, const char *file, int64_t line, const char *module, size_t columns)
{
	const char *base = strrchr(module, '/');
	char tail[24] = "";

	if (!*file) {
		base = base ? base + 1 : module;
		strbuf_adds(buf, "(");
		show_text(buf, *base ? base : "??", columns - 2);
		strbuf_adds(buf, ")");
		return;
	}
	if (line > 0)
		snprintf(tail, sizeof(tail), ":%lld", (long long)line);
	if (columns > strlen(tail))
		path_add(buf, near_path(file), columns - strlen(tail));
	strbuf_adds(buf, tail);
}

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

	where_add(&buf, rows_text(sites, row, "file"), rows_int(sites, row, "line"),
	    rows_text(sites, row, "module"), most);
	width = buf.len;
	strbuf_release(&buf);
	return width;
}

static struct widths
measure(const struct page *page, size_t count)
{
	size_t room = page->columns > PAGE_FIXED + 30 ? page->columns - PAGE_FIXED : 30;
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

static void
page_row(const struct page *page, size_t row, const struct widths *widths, double cost)
{
	const struct rows *sites = page->sites;
	const char *verdict = rows_text(sites, row, "verdict");
	struct strbuf buf = { 0 };
	char number[3][SHOW_SIZE];
	size_t used;

	fprintf(page->out, "%3zu ", row + 1);
	page_color(page, class_color(advice_find(verdict)->class));
	used = show_text(&buf, verdict, 7);
	page_padded(page, buf.text ? buf.text : "", used, 8);
	page_color(page, "0");
	strbuf_clear(&buf);
	used = show_name(&buf, rows_text(sites, row, "function"), widths->function);
	page_padded(page, buf.text ? buf.text : "", used, widths->function + 1);
	strbuf_clear(&buf);
	where_add(&buf, rows_text(sites, row, "file"), rows_int(sites, row, "line"),
	    rows_text(sites, row, "module"), widths->where);
	/* paths are nearly always ASCII: bytes do for columns here */
	page_padded(page, buf.text, buf.len, widths->where);
	fprintf(page->out, " %8s %9s",
	    show_count(number[0], rows_real(sites, row, "blocks.estimated")),
	    show_bytes(number[1], rows_real(sites, row, "bytes.estimated")));
	page_life(page, row);
	fprintf(page->out, " %6s\n",
	    show_share(number[2], rows_real(sites, row, "cost_ns.total"), cost));
	strbuf_release(&buf);
}

static void
page_table(const struct page *page)
{
	size_t most = page->top ? page->top : PAGE_ROWS;
	size_t count = page->sites->count < most ? page->sites->count : most;
	struct widths widths = measure(page, count);
	double cost = sum_sites(page->all, NULL).cost;

	page_title(page, "Sites");
	page_color(page, DIM);
	fprintf(page->out, "%3s %-7s %-*s %-*s %8s %9s %8s %8s %6s\n", "", "verdict",
	    (int)widths.function, "function", (int)widths.where, "where", "blocks", "bytes",
	    "life p50", "p99", "time");
	page_color(page, "0");
	for (size_t i = 0; i < count; i++)
		page_row(page, i, &widths, cost);
	if (count < page->sites->count)
		fprintf(page->out, "    and %zu more (--top=%zu shows them)\n",
		    page->sites->count - count, page->sites->count);
}

/* ---- the first few, in detail */

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
	size_t used;

	strbuf_adds(&buf, "");
	used = show_name(&buf, frame->function, room / 2);
	strbuf_adds(&buf, *frame->file ? " at " : " ");
	room -= used + 4;
	where_add(
	    &buf, frame->file, frame->line, frame->module, room < PAGE_FILE ? room : PAGE_FILE);
	fprintf(page->out, "%s\n", buf.text);
	strbuf_release(&buf);
}

/* The frames of a stack, a line each, start-up code left out. */
static int
page_stack(
    const struct page *page, struct query_db *db, int64_t id, const char *label, struct err *err)
{
	size_t count;
	size_t shown = 0;
	size_t whole;
	struct report_frame *frames = report_stack(db, id, &whole, err);

	if (!frames)
		return -1;
	for (count = whole; count > 1 && frames[count - 1].is_startup;)
		count--;
	for (size_t i = 0; i < count; i++) {
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

	if (!snippet_add(&buf, rows_text(sites, row, "file"), rows_int(sites, row, "line"),
		rows_int(sites, row, "column"), page->columns, &changed))
		return;
	fputs(buf.text, page->out);
	strbuf_release(&buf);
	if (strptime(rows_text(page->run, 0, "start"), "%Y-%m-%dT%H:%M:%S", &run) &&
	    changed > timegm(&run))
		fputs("        (the file was changed since the run)\n", page->out);
}

static void
page_evidence(const struct page *page, size_t row)
{
	const struct rows *sites = page->sites;
	char number[6][SHOW_SIZE];
	double observed = rows_real(sites, row, "blocks.observed");
	double calls = rows_real(sites, row, "activations");
	int64_t low = rows_int(sites, row, "size.min");
	int64_t high = rows_int(sites, row, "size.max");

	page_label(page, "blocks");
	fprintf(page->out, "%s of %lld",
	    show_count(number[0], rows_real(sites, row, "blocks.estimated")), (long long)low);
	if (high != low)
		fprintf(page->out, " to %lld", (long long)high);
	fputs(" bytes", page->out);
	if (calls > 0 && observed >= 2 * calls)
		fprintf(page->out, ", %s a call", show_count(number[4], observed / calls));
	if (rows_at(sites, row, "life_ns.p50")->type != CELL_NULL)
		fprintf(page->out, ", lived %s (p50), %s (p99), %s at most",
		    show_ns(number[1], rows_real(sites, row, "life_ns.p50")),
		    show_ns(number[2], rows_real(sites, row, "life_ns.p99")),
		    show_ns(number[3], rows_real(sites, row, "life_ns.max")));
	fputc('\n', page->out);
	page_label(page, "evidence");
	fprintf(page->out, "%s observed, %s proved, %s presumed", show_count(number[0], observed),
	    show_share(number[1], rows_real(sites, row, "evidence.proved"), observed),
	    show_share(number[2], rows_real(sites, row, "evidence.inferred"), observed));
	if (rows_real(sites, row, "fates.local") >= observed)
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
	struct strbuf buf = { 0 };
	int64_t column = rows_int(sites, row, "column");

	fputc('\n', page->out);
	page_color(page, BOLD);
	where_add(&buf, rows_text(sites, row, "file"), rows_int(sites, row, "line"),
	    rows_text(sites, row, "module"), PAGE_FILE);
	if (*rows_text(sites, row, "file") && column > 0)
		strbuf_addf(&buf, ":%lld", (long long)column);
	fprintf(page->out, "%zu. %s:", row + 1, buf.text);
	page_color(page, "0");
	strbuf_clear(&buf);
	strbuf_adds(&buf, " ");
	show_text(&buf, rows_text(sites, row, "allocator"), 30);
	if (rows_int(sites, row, "size.min") == rows_int(sites, row, "size.max"))
		strbuf_addf(&buf, "(%lld)", (long long)rows_int(sites, row, "size.min"));
	strbuf_adds(&buf, " in ");
	show_text(&buf, rows_text(sites, row, "function"), 60);
	strbuf_adds(&buf, " ");
	advice_add_fate(&buf, sites, row);
	fprintf(page->out, "%s ", buf.text);
	page_color(page, class_color(advice_find(verdict)->class));
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

	/* that they outlive it is what the verdict says, not against it */
	if (!*fate || strcmp(rows_text(page->sites, row, "verdict"), "caller") == 0)
		return 0;
	page_label(page, "but");
	fputs(strcmp(fate, "live") == 0       ? "one that was kept, allocated here:\n"
		: strcmp(fate, "thread") == 0 ? "one that another thread freed, here:\n"
		: strcmp(fate, "up") == 0     ? "one that outlived its function, freed here:\n"
					      : "one that did otherwise, here:\n",
	    page->out);
	return page_stack(page, db, id, "", err);
}

/* The place that freed most of its blocks: wrappers are stepped over. */
static const char freed_sql[] =
    "WITH RECURSIVE up(at, blocks) AS ("
    " SELECT stack, blocks FROM free_path WHERE site = ?1 UNION ALL"
    " SELECT k.parent, up.blocks FROM up JOIN stack k ON k.id = up.at"
    " JOIN frame f ON f.id = k.frame WHERE f.wrapper AND k.parent > 0"
    " LIMIT 1000000)"
    " SELECT f.function, f.file, f.line, m.path, total(up.blocks) AS n,"
    "  (SELECT total(blocks) FROM free_path WHERE site = ?1)"
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
	query_bind_int(query, 1, rows_int(page->sites, row, ".id"));
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

static int
page_detail(const struct page *page, struct query_db *db, size_t row, struct err *err)
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
	if (page_stack(page, db, rows_int(page->sites, row, ".stack_id"), "path", err) < 0 ||
	    page_freed(page, db, row, err) < 0)
		return -1;
	return page_counter(page, db, row, err);
}

static int
page_details(const struct page *page, struct query_db *db, struct err *err)
{
	size_t shown = 0;

	for (size_t i = 0; i < page->sites->count && shown < PAGE_DETAILS; i++) {
		const char *verdict = rows_text(page->sites, i, "verdict");
		enum advice_class class = advice_find(verdict)->class;

		if (page->top && i >= page->top)
			break;
		if (class != ADVICE_SAVE && class != ADVICE_PART)
			continue;
		if (page_detail(page, db, i, err) < 0)
			return -1;
		shown++;
	}
	return 0;
}

/* ---- nothing to report */

static void
page_empty(const struct page *page)
{
	bool is_idle = rows_int(page->run, 0, "allocations") == 0;

	page_title(page, "Nothing to report");
	if (is_idle)
		fputs("  the program made no allocation that could be seen: it "
		      "never called malloc, or it is\n  statically linked, "
		      "or set-user-id, or brings an allocator of its own\n"
		      "  (esc info tells which modules were loaded)\n",
		    page->out);
	else if (strcmp(rows_text(page->run, 0, "mode"), "full") != 0)
		fputs("  allocations were counted but none was sampled: record "
		      "again with --full, or with a\n  smaller --sample=BYTES "
		      "(a short run needs one)\n",
		    page->out);
	else
		fputs("  allocations were counted but none was recorded: the "
		      "trace is damaged, or had no room\n  (esc info tells "
		      "what was lost, and where)\n",
		    page->out);
}

int
page_write(const struct page *page, struct query_db *db, struct err *err)
{
	page_command(page);
	page_facts(page);
	page_mode(page);
	if (page->all->count == 0) {
		page_empty(page);
		return page_gaps(page, db, err);
	}
	page_saving(page);
	if (page_gaps(page, db, err) < 0)
		return -1;
	if (page->sites->count == 0) {
		page_title(page, "Sites");
		fputs("  none has the verdicts that were asked for\n", page->out);
		return 0;
	}
	page_table(page);
	return page_details(page, db, err);
}
