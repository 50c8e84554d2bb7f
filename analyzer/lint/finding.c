#include "analyzer/lint/finding.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyzer/format/rows.h"
#include "analyzer/lint/identity.h"
#include "analyzer/lint/suppressions.h"
#include "analyzer/report/advice.h"
#include "analyzer/report/report.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/paths.h"
#include "analyzer/util/show.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"
#include "analyzer/util/xalloc.h"

enum {
	FINDING_BOUND = 20, /* a warning leaves at most one block in so many */
	FINDING_PATH = 4,   /* functions of a path in a note */
};

/* What findings are made with: prepared once. */
struct maker {
	struct query_db *db;
	struct report_reader *reader;
	const struct finding_options *options;
	const struct rows *sites;
	struct query *frame; /* of an id */
	struct query *freed; /* of freed_sql */
	struct query *owner; /* the frame of its owner */
	double cost_ns;      /* of the run */
};

/* Of the place that freed most blocks of a site: a stack, its blocks, and those of all
 * places. Wrappers are stepped over. */
static const char freed_sql[] =
    "WITH RECURSIVE up(whole, at, blocks) AS ("
    " SELECT stack, stack, blocks FROM free_path WHERE site = ?1 UNION ALL"
    " SELECT up.whole, k.parent, up.blocks FROM up JOIN stack k ON k.id = up.at"
    " JOIN frame f ON f.id = k.frame WHERE f.wrapper AND k.parent > 0"
    " LIMIT 1000000"
    "), freed AS ("
    " SELECT up.whole, up.blocks, total(up.blocks) OVER place AS n"
    " FROM up JOIN stack k ON k.id = up.at JOIN frame f ON f.id = k.frame"
    " WHERE NOT f.wrapper WINDOW place AS"
    "  (PARTITION BY f.function, f.file, f.line, f.module)"
    ") SELECT whole, n, (SELECT total(blocks) FROM free_path WHERE site = ?1)"
    " FROM freed ORDER BY n DESC, blocks DESC, whole LIMIT 1";

static int
maker_init(struct maker *maker, struct err *err)
{
	maker->reader = report_reader_new(maker->db, err);
	maker->frame = query_prepare(maker->db,
	    "SELECT f.symbol, f.column FROM site s JOIN frame f ON f.id = s.frame WHERE s.id = ?1",
	    err);
	maker->freed = query_prepare(maker->db, freed_sql, err);
	maker->owner = query_prepare(maker->db,
	    "SELECT f.function, f.symbol, f.file, f.line, f.column,"
	    " (SELECT path FROM module m WHERE m.id = f.module)"
	    " FROM site s JOIN frame f ON f.id = s.owner WHERE s.id = ?1 AND NOT f.startup",
	    err);
	return maker->reader && maker->frame && maker->freed && maker->owner ? 0 : -1;
}

static void
maker_release(struct maker *maker)
{
	report_reader_free(maker->reader);
	query_finish(maker->frame);
	query_finish(maker->freed);
	query_finish(maker->owner);
}

static void
place_release(struct finding_place *place)
{
	free(place->function);
	free(place->symbol);
	free(place->file);
	free(place->module);
}

static void
places_free(struct finding_place *places, size_t count)
{
	for (size_t i = 0; i < count; i++)
		place_release(&places[i]);
	free(places);
}

static struct finding_place
place_copy(const struct finding_place *place)
{
	return (struct finding_place){ .function = xstrdup(place->function),
		.symbol = xstrdup(place->symbol),
		.file = xstrdup(place->file),
		.module = xstrdup(place->module),
		.line = place->line,
		.column = place->column };
}

static int64_t
not_negative(int64_t value)
{
	return value < 0 ? 0 : value;
}

/* Of a line or a column: what readers keep in 32 bits, else it is unknown. */
static int64_t
in_source(int64_t value)
{
	return value < 0 || value > INT32_MAX ? 0 : value;
}

/* The frames of a stack without those outside of main. */
static int
maker_stack(const struct maker *maker, int64_t id, struct finding_place **places, size_t *depth,
    struct err *err)
{
	size_t count;
	struct report_frame *frames = report_reader_stack(maker->reader, id, &count, err);
	size_t shown = count;

	*places = NULL;
	*depth = 0;
	if (!frames)
		return -1;
	while (shown > 1 && frames[shown - 1].is_startup)
		shown--;
	*places = xcalloc(shown + 1, sizeof(**places));
	for (size_t i = 0; i < shown; i++) {
		if (*depth == 0 && frames[i].is_wrapper && i + 1 < shown)
			continue;
		(*places)[(*depth)++] =
		    (struct finding_place){ .function = xstrdup(frames[i].function),
			    .symbol = xstrdup(frames[i].symbol),
			    .file = paths_shown(maker->options->paths, frames[i].file),
			    .module = xstrdup(frames[i].module),
			    .line = in_source(frames[i].line),
			    .column = in_source(frames[i].column) };
	}
	report_stack_free(frames, count);
	return 0;
}

/* ---- the sentence */

static void
add_harmless(struct strbuf *buf, const char *text)
{
	term_escape(buf, text, strlen(text));
}

static char *
text_fate(const struct rows *sites, size_t row)
{
	struct strbuf buf = { 0 };
	const char *allocator = rows_text(sites, row, "allocator");
	int64_t low = rows_int(sites, row, "size.min");
	int64_t high = rows_int(sites, row, "size.max");

	add_harmless(&buf, *allocator ? allocator : "malloc");
	strbuf_addf(&buf, "(%" PRId64, low);
	if (high != low)
		strbuf_addf(&buf, "..%" PRId64, high);
	strbuf_adds(&buf, ") ");
	advice_add_fate(&buf, sites, row);
	return buf.text;
}

static char *
text_remedy(const struct rows *sites, size_t row)
{
	struct strbuf buf = { 0 };

	strbuf_adds(&buf, "");
	advice_add_remedy(&buf, sites, row);
	return buf.text;
}

static void
add_numbers(struct strbuf *buf, const struct rows *sites, size_t row, bool is_large)
{
	char number[2][SHOW_SIZE];
	double observed = rows_real(sites, row, "blocks.observed");
	double calls = rows_real(sites, row, "activations");
	int64_t blocks = cell_whole(rows_at(sites, row, "blocks.estimated"));
	double inferred = rows_real(sites, row, "evidence.inferred");

	strbuf_addf(buf, "%s%" PRId64 " block%s", blocks == (int64_t)observed ? "" : "about ",
	    blocks, show_s((double)blocks));
	if (calls > 0 && observed >= 2 * calls)
		strbuf_addf(buf, ", %s a call", show_count(number[0], observed / calls));
	if (rows_at(sites, row, "life_ns.p50")->type != CELL_NULL && !is_large)
		strbuf_addf(
		    buf, ", p50 life %s", show_ns(number[1], rows_real(sites, row, "life_ns.p50")));
	if (inferred > 0 && inferred >= observed)
		strbuf_adds(buf, ", presumed");
	else if (inferred > 0)
		strbuf_addf(buf, ", presumed for %s", show_share(number[0], inferred, observed));
}

char *
finding_message(const struct rows *sites, size_t row)
{
	struct strbuf buf = { 0 };
	char *fate = text_fate(sites, row);
	char *remedy = text_remedy(sites, row);

	strbuf_addf(&buf, "%s: ", fate);
	add_numbers(&buf, sites, row, strcmp(rows_text(sites, row, "verdict"), "large") == 0);
	if (*remedy)
		strbuf_addf(&buf, "; %s", remedy);
	free(fate);
	free(remedy);
	return buf.text;
}

/* Something can be done; most of its blocks are proved, not presumed; and where
 * it says that none escapes, enough were seen to say so. */
enum finding_level
finding_level(const struct rows *sites, size_t row)
{
	const char *verdict = rows_text(sites, row, "verdict");
	enum advice_class class = advice_find(verdict)->class;
	double inferred = rows_real(sites, row, "evidence.inferred");
	double proved = rows_real(sites, row, "evidence.proved");

	if (advice_is_among("stack,buffer", verdict) &&
	    rows_real(sites, row, "escape_rate_upper") * FINDING_BOUND > 1)
		return FINDING_REMARK;
	if ((class != ADVICE_SAVE && class != ADVICE_PART) || strcmp(verdict, "large") == 0)
		return FINDING_REMARK;
	return inferred > proved ? FINDING_REMARK : FINDING_WARNING;
}

/* ---- the notes */

static struct finding_note *
note_add(struct finding *finding, enum finding_kind kind, char *text)
{
	struct finding_note *note = &finding->notes[finding->note_count++];

	*note = (struct finding_note){ .kind = kind, .text = text };
	return note;
}

/* "a block that escaped was freed here: use < main" */
static void
add_path(struct strbuf *buf, const struct finding_note *note)
{
	for (size_t i = 0; i < note->depth && i < FINDING_PATH; i++) {
		strbuf_adds(buf, i ? " < " : ": ");
		add_harmless(buf, *note->stack[i].function ? note->stack[i].function : "??");
	}
	if (note->depth > FINDING_PATH)
		strbuf_adds(buf, " < ...");
}

static int
note_owner(const struct maker *maker, struct finding *finding, size_t row, struct err *err)
{
	struct query *query = maker->owner;
	struct strbuf text = { 0 };
	struct finding_note *note;
	int rc;

	if (rows_int(maker->sites, row, "owner.distance") <= 0 ||
	    rows_at(maker->sites, row, "owner.distance")->type == CELL_NULL)
		return 0;
	query_reset(query);
	query_bind_int(query, 1, rows_int(maker->sites, row, "id"));
	rc = query_next(query, err);
	if (rc <= 0)
		return rc;
	strbuf_adds(&text,
	    advice_find(finding->verdict)->class == ADVICE_PART ? "it does not escape this call in "
								: "it escapes to this call in ");
	add_harmless(&text, *query_text(query, 0) ? query_text(query, 0) : "??");
	note = note_add(finding, FINDING_OWNER, text.text);
	note->place = (struct finding_place){ .function = xstrdup(query_text(query, 0)),
		.symbol = xstrdup(query_text(query, 1)),
		.file = paths_shown(maker->options->paths, query_text(query, 2)),
		.line = in_source(query_int(query, 3)),
		.column = in_source(query_int(query, 4)),
		.module = xstrdup(query_text(query, 5)) };
	query_reset(query);
	return 0;
}

/* A note at the innermost place of a stack. */
static int
note_stack(const struct maker *maker, struct finding *finding, enum finding_kind kind,
    struct strbuf *text, int64_t stack, struct err *err)
{
	struct finding_note *note;
	struct finding_place *places;
	size_t depth;

	if (maker_stack(maker, stack, &places, &depth, err) < 0 || depth == 0) {
		free(places);
		strbuf_release(text);
		return depth == 0 ? 0 : -1;
	}
	note = note_add(finding, kind, NULL);
	note->place = place_copy(&places[0]);
	note->stack = places;
	note->depth = depth;
	if (kind == FINDING_COUNTER)
		add_path(text, note);
	note->text = text->text;
	return 0;
}

static int
note_freed(const struct maker *maker, struct finding *finding, size_t row, struct err *err)
{
	struct query *query = maker->freed;
	struct strbuf text = { 0 };
	char share[SHOW_SIZE];
	int64_t stack;
	int rc;

	query_reset(query);
	query_bind_int(query, 1, rows_int(maker->sites, row, "id"));
	rc = query_next(query, err);
	if (rc <= 0)
		return rc;
	stack = query_int(query, 0);
	if (query_real(query, 1) < query_real(query, 2))
		strbuf_addf(&text, "%s of them freed here",
		    show_share(share, query_real(query, 1), query_real(query, 2)));
	else
		strbuf_adds(&text, "freed here");
	query_reset(query);
	return note_stack(maker, finding, FINDING_FREED, &text, stack, err);
}

static int
note_counter(const struct maker *maker, struct finding *finding, size_t row, struct err *err)
{
	const char *fate = rows_text(maker->sites, row, "counterexample.fate");
	struct strbuf text = { 0 };

	if (!*fate || !advice_shows_counter(finding->verdict))
		return 0;
	if (strcmp(fate, "live") == 0)
		strbuf_adds(&text, "a block that was kept was allocated here");
	else if (strcmp(fate, "thread") == 0)
		strbuf_adds(&text, "a block that escaped was freed here, by another thread");
	else
		strbuf_adds(&text, "a block that escaped was freed here");
	return note_stack(maker, finding, FINDING_COUNTER, &text,
	    rows_int(maker->sites, row, ".counter_id"), err);
}

/* "stack for 98 % of them, which are allocated by this call: parse < main" */
static int
note_context(const struct maker *maker, struct finding *finding, const struct rows *contexts,
    size_t at, struct err *err)
{
	int64_t callers = rows_int(contexts, at, ".callers");
	struct strbuf text = { 0 };
	struct finding_note *note;
	struct finding_place *places;
	char share[SHOW_SIZE];
	size_t depth, from;

	if (maker_stack(maker, rows_int(contexts, at, ".stack_id"), &places, &depth, err) < 0)
		return -1;
	if (callers <= 0 || (size_t)callers >= depth) {
		places_free(places, depth);
		return 0;
	}
	from = (size_t)callers;
	strbuf_addf(&text, "%s for the %s of them that this call leads to: ",
	    advice_find(rows_text(contexts, at, "verdict"))->verdict,
	    show_share(
		share, rows_real(contexts, at, "blocks.estimated"), (double)finding->blocks));
	for (size_t i = 1; i <= from; i++) {
		strbuf_adds(&text, i > 1 ? " < " : "");
		add_harmless(&text, *places[i].function ? places[i].function : "??");
	}
	note = note_add(finding, FINDING_CONTEXT, text.text);
	note->place = place_copy(&places[from]);
	note->stack = places;
	note->depth = depth;
	return 0;
}

static int
note_contexts(const struct maker *maker, struct finding *finding, size_t row, struct err *err)
{
	const struct rows *contexts = rows_at(maker->sites, row, "contexts")->rows;

	for (size_t i = 0; contexts && i < contexts->count && i < FINDING_CONTEXTS; i++) {
		if (note_context(maker, finding, contexts, i, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- findings */

static int
finding_place_read(const struct maker *maker, struct finding *finding, size_t row, struct err *err)
{
	const struct rows *sites = maker->sites;
	int rc;

	query_reset(maker->frame);
	query_bind_int(maker->frame, 1, rows_int(sites, row, "id"));
	rc = query_next(maker->frame, err);
	finding->place = (struct finding_place){
		.function = xstrdup(rows_text(sites, row, "function")),
		.symbol = xstrdup(rc > 0 ? query_text(maker->frame, 0) : ""),
		.file = paths_shown(maker->options->paths, rows_text(sites, row, "file")),
		.module = xstrdup(rows_text(sites, row, "module")),
		.line = in_source(rows_int(sites, row, "line")),
		.column = in_source(rows_int(sites, row, "column")),
	};
	query_reset(maker->frame);
	return rc < 0 ? -1 : 0;
}

static int
finding_make(const struct maker *maker, struct finding *finding, size_t row, struct err *err)
{
	const struct rows *sites = maker->sites;

	*finding = (struct finding){
		.level = finding_level(sites, row),
		/* one of ours, whatever the database says */
		.verdict = xstrdup(advice_find(rows_text(sites, row, "verdict"))->verdict),
		.allocator = xstrdup(rows_text(sites, row, "allocator")),
		.fate = text_fate(sites, row),
		.remedy = text_remedy(sites, row),
		.blocks = not_negative(cell_whole(rows_at(sites, row, "blocks.estimated"))),
		.bytes = not_negative(cell_whole(rows_at(sites, row, "bytes.estimated"))),
		.observed = rows_int(sites, row, "blocks.observed"),
		.proved = rows_int(sites, row, "evidence.proved"),
		.inferred = rows_int(sites, row, "evidence.inferred"),
		.saved_ns = rows_real(sites, row, "saved.cost_ns"),
	};
	finding->message = finding_message(sites, row);
	if (maker->cost_ns > 0 && finding->saved_ns > 0)
		finding->rank = 100 * finding->saved_ns / maker->cost_ns;
	if (finding->rank > 100)
		finding->rank = 100;
	if (finding_place_read(maker, finding, row, err) < 0)
		return -1;
	if (maker_stack(maker, rows_int(sites, row, ".stack_id"), &finding->stack, &finding->depth,
		err) < 0)
		return -1;
	if (note_owner(maker, finding, row, err) < 0 || note_freed(maker, finding, row, err) < 0)
		return -1;
	if (note_counter(maker, finding, row, err) < 0)
		return -1;
	return note_contexts(maker, finding, row, err);
}

/* Its own verdict is one of those, or that of the blocks which some caller gets. */
static bool
has_verdict(const struct maker *maker, size_t row)
{
	const struct rows *contexts = rows_at(maker->sites, row, "contexts")->rows;
	const char *verdicts = maker->options->verdicts;

	for (size_t i = 0; contexts && i < contexts->count; i++) {
		if (advice_is_among(verdicts, rows_text(contexts, i, "verdict")) &&
		    rows_int(contexts, i, "blocks.observed") >= maker->options->min_blocks)
			return true;
	}
	return advice_is_among(verdicts, rows_text(maker->sites, row, "verdict"));
}

static int
choice_find(const struct maker *maker, size_t row, enum finding_choice *choice, struct err *err)
{
	const struct finding_options *options = maker->options;
	int is_known = 0;

	*choice = FINDING_OTHER;
	if (!has_verdict(maker, row))
		return 0;
	if (options->suppressions)
		is_known = suppressions_match(
		    options->suppressions, maker->db, options->paths, maker->sites, row, err);
	if (is_known < 0)
		return -1;
	if (is_known)
		*choice = FINDING_SUPPRESSED;
	else if (rows_int(maker->sites, row, "blocks.observed") >= options->min_blocks &&
	    !(options->is_proved && rows_int(maker->sites, row, "evidence.inferred") > 0))
		*choice = FINDING_KEPT;
	else
		*choice = FINDING_FEW;
	return 0;
}

static int
findings_make(struct findings *findings, const struct maker *maker,
    const enum finding_choice *choices, struct err *err)
{
	size_t cap = 0;

	for (size_t i = 0; i < maker->sites->count; i++) {
		findings->left_out += choices[i] == FINDING_FEW;
		findings->suppressed += choices[i] == FINDING_SUPPRESSED;
		if (choices[i] != FINDING_KEPT)
			continue;
		findings->list =
		    xgrow(findings->list, &cap, findings->count + 1, sizeof(*findings->list));
		if (finding_make(maker, &findings->list[findings->count++], i, err) < 0)
			return -1;
	}
	return 0;
}

static int
findings_read(struct findings *findings, struct maker *maker, struct err *err)
{
	const struct finding_options *options = maker->options;
	enum finding_choice *choices = xcalloc(maker->sites->count + 1, sizeof(*choices));
	int rc = 0;

	for (size_t i = 0; i < maker->sites->count && rc == 0; i++)
		rc = choice_find(maker, i, &choices[i], err);
	if (rc == 0 && options->choose)
		rc = options->choose(options->choose_data, maker->sites, choices, err);
	if (rc == 0)
		rc = findings_make(findings, maker, choices, err);
	free(choices);
	return rc;
}

static void
findings_run(struct findings *findings, struct maker *maker, const struct rows *run)
{
	struct tm start = { 0 };

	for (size_t i = 0; i < maker->sites->count; i++)
		maker->cost_ns += rows_real(maker->sites, i, "cost_ns.total");
	if (run->count > 0 && strptime(rows_text(run, 0, "start"), "%Y-%m-%dT%H:%M:%S", &start))
		findings->started = timegm(&start);
}

int
findings_load(struct findings *findings, struct query_db *db, const struct finding_options *options,
    struct err *err)
{
	struct rows sites = { .columns = NULL };
	struct rows run = { .columns = NULL };
	struct maker maker = { .db = db, .options = options, .sites = &sites };
	int rc = -1;

	*findings = (struct findings){ .list = NULL };
	if (report_load_plain(db, report_find("sites"), &sites, err) == 0 &&
	    report_load(db, report_find("run"), &run, err) == 0 && maker_init(&maker, err) == 0) {
		rows_sort(&sites, "saved.cost_ns");
		findings_run(findings, &maker, &run);
		rc = findings_read(findings, &maker, err);
	}
	if (rc == 0)
		identity_find(findings, options->paths);
	maker_release(&maker);
	rows_release(&sites);
	rows_release(&run);
	return rc;
}

static void
finding_release(struct finding *finding)
{
	place_release(&finding->place);
	free(finding->verdict);
	free(finding->allocator);
	free(finding->message);
	free(finding->fate);
	free(finding->remedy);
	places_free(finding->stack, finding->depth);
	for (size_t i = 0; i < finding->note_count; i++) {
		free(finding->notes[i].text);
		place_release(&finding->notes[i].place);
		places_free(finding->notes[i].stack, finding->notes[i].depth);
	}
}

void
findings_cut(struct findings *findings, size_t count)
{
	while (findings->count > count)
		finding_release(&findings->list[--findings->count]);
}

void
findings_release(struct findings *findings)
{
	findings_cut(findings, 0);
	free(findings->list);
	*findings = (struct findings){ .list = NULL };
}
