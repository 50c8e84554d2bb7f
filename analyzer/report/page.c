#include "analyzer/report/page.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/format/rows.h"
#include "analyzer/report/advice.h"
#include "analyzer/report/page_parts.h"
#include "analyzer/report/report.h"
#include "analyzer/report/totals.h"
#include "analyzer/store/query.h"
#include "analyzer/util/names.h"
#include "analyzer/util/show.h"
#include "analyzer/util/strbuf.h"

enum { PAGE_WRAPPERS = 8 };
/* One part in so many that is not decided is told with what need not be on the heap. */
enum { PAGE_UNDECIDED = 200 };

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
	double allocations = rows_real(run, 0, "allocations");
	double frees = rows_real(run, 0, "frees");

	snprintf(start, sizeof(start), "%.16s", rows_text(run, 0, "start"));
	if (strlen(start) > 10)
		start[10] = ' ';
	fprintf(page->out,
	    rows_int(run, 0, "running") ? "  still running: as of %s, begun" : "  ran %s",
	    show_ns(number[0], rows_real(run, 0, "duration_ns")));
	/* a run of several traces is the programs that one became, or started */
	if (runs > 1)
		fprintf(page->out, " in %lld %s, the first", (long long)runs,
		    rows_int(run, 0, "one_session") ? "programs of one run" : "runs");
	fputs(" on ", page->out);
	page_text(page, start, sizeof(start));
	fprintf(page->out, " UTC, pid %lld, %lld process%s, %lld thread%s\n",
	    (long long)rows_int(run, 0, "pid"), (long long)processes, processes == 1 ? "" : "es",
	    (long long)threads, show_s((double)threads));
	fprintf(page->out, "  %s allocation%s, %s free%s, %s allocated, %s at the peak\n",
	    show_count(number[1], allocations), show_s(allocations), show_count(number[2], frees),
	    show_s(frees), show_bytes(number[3], rows_real(run, 0, "bytes")),
	    show_bytes(number[4], rows_real(run, 0, "peak_bytes")));
	/* pools' are not among them; what was passed over in a pause is */
	if (frees > allocations && processes > runs)
		fprintf(page->out,
		    "  %s more free%s than allocations: forked processes freed blocks of their "
		    "parent's, too\n",
		    show_count(number[1], frees - allocations), show_s(frees - allocations));
}

static void
page_cost(const struct page *page)
{
	const struct rows *run = page->run;
	double cost = rows_real(run, 0, "cost_ns");
	double timed = rows_real(run, 0, "timed");
	char number[3][SHOW_SIZE];

	fprintf(page->out, "  %s in malloc and free", show_ns(number[0], cost));
	/* of few timed calls that stand for many each, an estimate may be anything */
	if (rows_int(run, 0, "threads") == 1 && cost > rows_real(run, 0, "window_ns"))
		fputs(", more than the run took: too rough (esc record --full)", page->out);
	else if (rows_int(run, 0, "threads") == 1)
		fprintf(page->out, ", %s of the run",
		    show_share(number[1], cost, rows_real(run, 0, "window_ns")));
	/* of a filter's sites it may be that none was */
	if (timed > 0)
		fprintf(page->out, ", estimated from %s timed call%s", show_count(number[2], timed),
		    show_s(timed));
	fputc('\n', page->out);
}

/* Between which blocks one was recorded. */
static void
page_interval(const struct page *page)
{
	double low = rows_real(page->run, 0, "interval_low");
	double high = rows_real(page->run, 0, "interval_high");
	char number[SHOW_SIZE];

	/* where sampling began and then met none */
	if (high <= 1) {
		fputs("samples that met no block", page->out);
		return;
	}
	fprintf(page->out, "one block every %s", show_bytes(number, low));
	if (high > low)
		fprintf(page->out, " to %s", show_bytes(number, high));
}

/* Auto mode, where not everything was recorded. */
static void
page_auto(const struct page *page)
{
	const struct rows *run = page->run;
	bool several = rows_int(run, 0, "runs") > 1;
	double all = rows_real(run, 0, "allocations");
	char number[4][SHOW_SIZE];

	fputs("  mode auto: ", page->out);
	/* of several runs each had a time of its own */
	if (rows_real(run, 0, "whole_ns") > 0)
		fprintf(page->out, "everything for %s%s (%s of %s allocation%s), %s\n    ",
		    several ? "" : "the first ", show_ns(number[0], rows_real(run, 0, "whole_ns")),
		    show_count(number[1], rows_real(run, 0, "whole_allocations")),
		    show_count(number[2], all), show_s(all),
		    several ? "added up over the runs, else" : "then");
	page_interval(page);
	fprintf(page->out, " (%s recorded in all); counts below are estimates\n",
	    show_count(number[3], rows_real(run, 0, "recorded")));
}

/* Several, some of which are complete: a full trace, or one in auto mode that kept to its
 * budget. */
static void
page_partly(const struct page *page, int64_t sampled)
{
	const struct rows *run = page->run;
	int64_t runs = rows_int(run, 0, "runs");
	char number[SHOW_SIZE];

	/* a mixture of modes has none */
	fprintf(page->out, "  %s%lld of %lld traces %s sampled, ",
	    strcmp(rows_text(run, 0, "mode"), "auto") == 0 ? "mode auto: " : "", (long long)sampled,
	    (long long)runs, sampled == 1 ? "is" : "are");
	page_interval(page);
	fprintf(page->out,
	    ", and %s complete\n    (%s recorded in all); counts below are estimates\n",
	    runs - sampled == 1 ? "the other is" : "the others are",
	    show_count(number, rows_real(run, 0, "recorded")));
}

/* What of a longer run the trace still has. */
static void
page_window(const struct page *page)
{
	const struct rows *run = page->run;
	double before = rows_real(run, 0, "freed_before");
	double all = rows_real(run, 0, "allocations");
	char number[4][SHOW_SIZE];

	if (rows_int(run, 0, "window_ns") >= rows_int(run, 0, "duration_ns"))
		return;
	fprintf(page->out, "  flight recorder: the last %s of %s, %s of %s allocation%s",
	    show_ns(number[0], rows_real(run, 0, "window_ns")),
	    show_ns(number[1], rows_real(run, 0, "duration_ns")),
	    show_count(number[2], rows_real(run, 0, "recorded")), show_count(number[3], all),
	    show_s(all));
	if (before > 0)
		fprintf(page->out, "; %s block%s freed then %s older",
		    show_count(number[0], before), show_s(before),
		    show_is_one(before) ? "was" : "were");
	fputc('\n', page->out);
}

/* What stands above is of the whole run, what stands below is not. */
static void
page_filter(const struct page *page)
{
	if (*rows_text(page->run, 0, "filter") == '\0')
		return;
	fputs("  only the sites and blocks that pass: ", page->out);
	page_text(page, rows_text(page->run, 0, "filter"), page->columns);
	fputc('\n', page->out);
}

/* What was left out because somebody wanted it so. */
static void
page_paused(const struct page *page)
{
	const struct rows *run = page->run;
	int64_t pauses = rows_int(run, 0, "pauses");
	double passed = rows_real(run, 0, "passed");
	char number[3][SHOW_SIZE];

	if (pauses <= 0)
		return;
	fprintf(page->out,
	    "  paused for %s, in %s pause%s: %s allocation%s of then %s counted and not "
	    "recorded\n",
	    show_ns(number[0], rows_real(run, 0, "paused_ns")),
	    show_count(number[1], (double)pauses), show_s((double)pauses),
	    show_count(number[2], passed), show_s(passed), show_is_one(passed) ? "was" : "were");
}

/* Their memory is the malloc family's, which is told above; their blocks are told below, as
 * many as pass. */
static void
page_pools(const struct page *page)
{
	const struct rows *run = page->run;
	double blocks = rows_real(run, 0, "pool_blocks");
	double unmatched = rows_real(run, 0, "pool_unmatched");
	char number[3][SHOW_SIZE];

	if (blocks <= 0)
		return;
	fprintf(page->out, "  of that, pools handed out %s block%s, %s",
	    show_count(number[0], blocks), show_s(blocks),
	    show_bytes(number[1], rows_real(run, 0, "pool_bytes")));
	if (unmatched > 0)
		fprintf(page->out, "; %s free%s of what none did", show_count(number[2], unmatched),
		    show_s(unmatched));
	fputc('\n', page->out);
}

static void
page_mode(const struct page *page)
{
	const struct rows *run = page->run;
	const char *mode = rows_text(run, 0, "mode");
	int64_t sampled = rows_int(run, 0, "sampled_runs");
	char number[2][SHOW_SIZE];

	page_window(page);
	page_filter(page);
	page_pools(page);
	page_paused(page);
	if (rows_int(run, 0, "whole") != 0)
		fprintf(page->out, "  mode %s: every call %swas to be recorded\n",
		    strcmp(mode, "auto") == 0 ? "auto" : "full",
		    rows_int(run, 0, "pauses") > 0 ? "outside of pauses " : "");
	else if (sampled < rows_int(run, 0, "runs"))
		page_partly(page, sampled);
	else if (strcmp(mode, "auto") == 0)
		page_auto(page);
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

static void
page_verdict(const struct page *page, const struct advice *advice, const struct total *total,
    const struct total *all)
{
	char number[5][SHOW_SIZE];

	if (total->sites == 0)
		return;
	fputs("  ", page->out);
	page_color(page, page_class_color(advice->class));
	fprintf(page->out, "%-8s", advice->verdict);
	page_color(page, "0");
	fprintf(page->out, "%6s site%-1s %9s %6s %10s %9s  %s\n",
	    show_count(number[0], (double)total->sites), show_s((double)total->sites),
	    show_count(number[1], total->blocks), show_share(number[2], total->blocks, all->blocks),
	    show_bytes(number[3], total->bytes), show_ns(number[4], total->cost), advice->meaning);
	/* why what does not escape is not among what need not be on the heap */
	if (advice->class == ADVICE_SAVE && total->blocks - total->saved_blocks >= 0.5)
		fprintf(page->out, "%62s%s of them a library's own, not counted above\n", "",
		    show_count(number[0], total->blocks - total->saved_blocks));
	/* and why what escapes as a whole is */
	if (advice->class == ADVICE_KEEP && total->saved_blocks >= 0.5)
		fprintf(page->out, "%62s%s of them do not when called from some, counted above\n",
		    "", show_count(number[0], total->saved_blocks));
}

/* What may be either, where it is enough to matter. */
static void
page_undecided(const struct page *page, const struct totals *totals)
{
	const struct total *unknown = &totals->verdicts[advice_find("unknown") - advice_at(0)];
	double undecided = unknown->blocks - unknown->saved_blocks;
	char number[SHOW_SIZE];

	if (undecided * PAGE_UNDECIDED >= totals->all.blocks && undecided >= 0.5)
		fprintf(page->out, ", %s %s not decided",
		    show_share(number, undecided, totals->all.blocks),
		    show_is_one(undecided) ? "is" : "are");
}

static void
page_saving(const struct page *page)
{
	struct totals totals;
	const struct total *all = &totals.all;
	char number[7][SHOW_SIZE];

	totals_find(&totals, page->all);
	fputc('\n', page->out);
	page_color(page, BOLD);
	fprintf(page->out, "%s of the blocks need not be on the heap",
	    show_share(number[0], all->saved_blocks, all->blocks));
	page_undecided(page, &totals);
	page_color(page, "0");
	fprintf(page->out, ": %s of %s block%s, %s of %s", show_count(number[1], all->saved_blocks),
	    show_count(number[2], all->blocks), show_s(all->blocks),
	    show_bytes(number[3], all->saved_bytes), show_bytes(number[4], all->bytes));
	if (all->cost > 0)
		fprintf(page->out, ", %s of %s", show_ns(number[5], all->saved_cost),
		    show_ns(number[6], all->cost));
	fputs("\n", page->out);
	page_color(page, DIM);
	fprintf(page->out, "  %-8s %11s %9s %6s %10s %9s\n", "verdict", "", "blocks", "", "bytes",
	    "time");
	page_color(page, "0");
	for (size_t i = 0; advice_at(i); i++)
		page_verdict(page, advice_at(i), &totals.verdicts[i], all);
}

/* ---- wrappers that were found */

/* A name as a regular expression between the quotes of a shell, where anything may be
 * in it but what would end them, or that a terminal would not show. */
static void
page_add_pattern(struct strbuf *pattern, const char *name)
{
	char *real = names_restored(name);

	strbuf_clear(pattern);
	strbuf_adds(pattern, "");
	for (const char *at = real; *at; at++) {
		if (strchr("\\^$.[]|()*+?{}", *at))
			strbuf_add(pattern, "\\", 1);
		strbuf_add(pattern, *at < ' ' || *at > '~' || *at == '\'' ? "." : at, 1);
	}
	free(real);
}

/* Functions that are taken for wrappers by what they did; the reader may know
 * better. */
static void
page_wrappers(const struct page *page)
{
	const struct cell *found = rows_at(page->run, 0, "found_wrappers");
	struct strbuf pattern = { 0 };

	if (found->count == 0)
		return;
	page_title(page, "Wrappers");
	for (size_t i = 0; i < found->count && i < PAGE_WRAPPERS; i++) {
		page_add_pattern(&pattern, found->list[i]);
		fputs("  ", page->out);
		page_text(page, found->list[i], page->columns / 3);
		fputs(" looks like a wrapper: --no-wrapper='^", page->out);
		page_text(page, pattern.text, page->columns);
		fputs("$' to see it\n", page->out);
	}
	if (found->count > PAGE_WRAPPERS)
		fprintf(page->out, "  and %u more (run.found_wrappers in JSON)\n",
		    found->count - PAGE_WRAPPERS);
	fputs("  allocations are charged to their callers\n", page->out);
	strbuf_release(&pattern);
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
	else if (rows_int(page->run, 0, "whole") == 0)
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

/* The file, and what it was run as where a link calls it otherwise. */
static void
page_program(const struct page *page, const struct rows *processes, size_t row, size_t columns)
{
	const char *path = rows_text(processes, row, "program");
	const char *name = rows_text(processes, row, "name");
	const char *base = strrchr(path, '/');

	if (*name && strcmp(name, base ? base + 1 : path) != 0) {
		size_t used = page_text(page, name, columns / 2);

		fputs(", ", page->out);
		columns -= used + 2;
	}
	page_path(page, path, columns);
}

/* Which of several it was; the busiest ones. */
static int
page_processes(const struct page *page, struct query_db *db, struct err *err)
{
	enum { MOST = 12 };
	struct rows rows;
	char number[3][SHOW_SIZE];
	int rc;

	if (rows_int(page->run, 0, "processes") <= 1)
		return 0;
	rc = report_load(db, report_find("processes"), &rows, err);
	if (rc == 0) {
		rows_sort(&rows, "allocations");
		page_title(page, "Processes");
		fputs(
		    "        pid   allocations       bytes   off the heap   program\n", page->out);
	}
	for (size_t i = 0; rc == 0 && i < rows.count && i < MOST; i++) {
		fprintf(page->out, "  %9lld  %12s  %10s  %13s   ",
		    (long long)rows_int(&rows, i, "pid"),
		    show_count(number[0], rows_real(&rows, i, "allocations")),
		    show_bytes(number[1], rows_real(&rows, i, "bytes")),
		    show_share(number[2], rows_real(&rows, i, "share"), 1));
		page_program(page, &rows, i, page->columns > 92 ? page->columns - 62 : 30);
		fputc('\n', page->out);
	}
	if (rc == 0 && rows.count > MOST)
		fprintf(page->out, "  and %zu more: esc report --by=process\n", rows.count - MOST);
	rows_release(&rows);
	return rc;
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
	if (page_processes(page, db, err) < 0)
		return -1;
	if (page_gaps(page, db, err) < 0)
		return -1;
	if (page->sites->count == 0) {
		page_title(page, "Sites");
		fputs("  none has the verdicts that were asked for\n", page->out);
		return 0;
	}
	page_wrappers(page);
	page_table(page);
	return page_details(page, db, err);
}
