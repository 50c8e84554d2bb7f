/*
 * A run of a program is never quite the same as another, and what fails must be the
 * program's fault. So the baseline has every site, also those that are of no interest or
 * were hardly seen: whatever an old site does near the edge of a verdict, it is known. What
 * is new fails only with the evidence that a warning wants, and off the edges.
 */
#include "analyzer/lint/check.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/format/rows.h"
#include "analyzer/lint/baseline.h"
#include "analyzer/report/advice.h"
#include "analyzer/report/pairing.h"
#include "analyzer/report/report.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"

enum {
	CHECK_MIXED = 95, /* per cent that stay: a site is `mixed` from 90 on */
	CHECK_HALF = 50,  /* the same: where so many stayed once, chance may keep all */
};

struct check_work {
	const struct check_options *options;
	struct check *check;
	char **reasons; /* owned: of the sites that fail, in their order */
	size_t count, cap;
};

/* Some verdict of the list has that class. */
static bool
has_class(const char *verdicts, enum advice_class class)
{
	for (size_t i = 0; advice_at(i); i++) {
		if (advice_at(i)->class == class &&
		    advice_is_among(verdicts, advice_at(i)->verdict))
			return true;
	}
	return false;
}

/* Whether the baseline has a site as one that could do without the heap, or as good as. */
static bool
was_so(const struct rows *known, size_t row)
{
	const char *verdicts = rows_text(known, row, "verdicts");

	return has_class(verdicts, ADVICE_SAVE) || has_class(verdicts, ADVICE_PART) ||
	    has_class(verdicts, ADVICE_OPEN) || rows_int(known, row, "stays") >= CHECK_HALF;
}

static bool
is_sure(const struct rows *sites, size_t row)
{
	return finding_level(sites, row) == FINDING_WARNING &&
	    (strcmp(rows_text(sites, row, "verdict"), "mixed") != 0 ||
		baseline_stays(sites, row) >= CHECK_MIXED);
}

/* That no block of a site goes far is refuted by one that does, in the baseline: which a
 * sample has, or has not. */
static bool
is_chance(const struct check_work *work, const struct rows *sites, size_t row)
{
	return (work->options->baseline->is_sampled || work->check->is_sampled) &&
	    strcmp(rows_text(sites, row, "verdict"), "caller") == 0;
}

/* at: its row in the baseline, + 1; 0: none. What becomes of a site that is looked at. */
static enum finding_choice
check_site(struct check_work *work, const struct rows *sites, size_t row, size_t at,
    enum finding_choice choice)
{
	const struct rows *known = &work->options->baseline->sites;

	if (at && was_so(known, at - 1)) {
		work->check->known++;
		return FINDING_OTHER;
	}
	if (choice == FINDING_FEW || !is_sure(sites, row) || (at && is_chance(work, sites, row))) {
		work->check->unsure++;
		return FINDING_OTHER;
	}
	work->reasons = xgrow(work->reasons, &work->cap, work->count + 1, sizeof(*work->reasons));
	work->reasons[work->count++] = at
	    ? xasprintf("the baseline has it as %s", rows_text(known, at - 1, "verdicts"))
	    : xstrdup("it is not in the baseline");
	return FINDING_KEPT;
}

/* What the baseline could do without. */
static void
check_tighter(struct check_work *work, const struct rows *sites, const size_t *other)
{
	const struct rows *known = &work->options->baseline->sites;
	const char *wanted = work->options->finding.verdicts;

	for (size_t i = 0; i < known->count; i++) {
		const char *verdicts = rows_text(known, i, "verdicts");

		if (!has_class(verdicts, ADVICE_SAVE) && !has_class(verdicts, ADVICE_PART))
			continue;
		if (other[i] == 0)
			work->check->gone++;
		else if (!advice_is_among(wanted, rows_text(sites, other[i] - 1, "verdict")) &&
		    !advice_is_among(verdicts, rows_text(sites, other[i] - 1, "verdict")))
			work->check->better++;
	}
}

static int
check_choose(void *data, const struct rows *sites, enum finding_choice *choices, struct err *err)
{
	struct check_work *work = data;
	const char *wanted = work->options->finding.verdicts;
	const struct pairing_side sides[2] = { { NULL, &work->options->baseline->sites },
		{ NULL, sites } };
	struct pairing pairing;
	int rc = pairing_find(&pairing, sides, err);

	for (size_t i = 0; rc == 0 && i < sites->count; i++) {
		work->check->estimated += rows_real(sites, i, "blocks.estimated");
		if (choices[i] != FINDING_KEPT && choices[i] != FINDING_FEW)
			continue;
		work->check->stackable += rows_real(sites, i, "saved.blocks");
		choices[i] = advice_is_among(wanted, rows_text(sites, i, "verdict"))
		    ? check_site(work, sites, i, pairing.other[1][i], choices[i])
		    : FINDING_OTHER;
	}
	if (rc == 0)
		check_tighter(work, sites, pairing.other[0]);
	pairing_release(&pairing);
	return rc;
}

static int
check_totals(struct check *check, struct query_db *db, struct err *err)
{
	struct rows run = { .columns = NULL };
	int rc = report_load(db, report_find("run"), &run, err);

	if (rc == 0 && run.count > 0) {
		check->blocks = rows_real(&run, 0, "allocations");
		check->lost = rows_real(&run, 0, "lost");
		check->is_sampled = rows_int(&run, 0, "whole") == 0;
	}
	rows_release(&run);
	return rc;
}

int
check_load(
    struct check *check, struct query_db *db, const struct check_options *options, struct err *err)
{
	struct check_work work = { .options = options, .check = check };
	struct finding_options finding = options->finding;
	int rc;

	*check = (struct check){ .known = 0 };
	finding.choose = check_choose;
	finding.choose_data = &work;
	if (check_totals(check, db, err) < 0)
		return -1;
	rc = findings_load(&check->findings, db, &finding, err);
	for (size_t i = 0; rc == 0 && i < check->findings.count && i < work.count; i++) {
		struct finding *one = &check->findings.list[i];
		char *message = options->has_baseline
		    ? xasprintf("%s; %s", one->message, work.reasons[i])
		    : xstrdup(one->message);

		free(one->message);
		one->message = message;
	}
	for (size_t i = 0; i < work.count; i++)
		free(work.reasons[i]);
	free(work.reasons);
	return rc;
}

int
check_learn(
    struct baseline *baseline, struct query_db *db, const struct paths *paths, struct err *err)
{
	struct rows sites = { .columns = NULL }, run = { .columns = NULL };
	struct pairing pairing = { { NULL, NULL } };
	int rc = -1;

	if (report_load_plain(db, report_find("sites"), &sites, err) == 0 &&
	    report_load(db, report_find("run"), &run, err) == 0) {
		const struct pairing_side sides[2] = { { NULL, &baseline->sites },
			{ NULL, &sites } };

		rc = pairing_find(&pairing, sides, err);
	}
	if (rc == 0) {
		baseline_add(baseline, paths, &sites, pairing.other[1]);
		if (run.count > 0 && rows_int(&run, 0, "whole") == 0)
			baseline->is_sampled = true;
	}
	pairing_release(&pairing);
	rows_release(&sites);
	rows_release(&run);
	return rc;
}

void
check_release(struct check *check)
{
	findings_release(&check->findings);
}
