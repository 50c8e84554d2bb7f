/* What a run has that it should not have: the gate for CI. */
#ifndef LINT_CHECK_H
#define LINT_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/lint/finding.h"

struct baseline;
struct err;
struct query_db;

struct check_options {
	struct finding_options finding;  /* which sites are looked at; choose is ours */
	const struct baseline *baseline; /* what may be there */
	bool has_baseline;               /* somebody wrote it: else nothing may */
};

/* Counts are of sites where nothing else stands. */
struct check {
	struct findings findings; /* those that fail; their messages say why */
	size_t known;             /* could do without the heap, as the baseline has it */
	size_t unsure;            /* would fail with more evidence */
	size_t better;            /* the baseline has them as such, now they are not */
	size_t gone;              /* the same, and now they are not there */
	bool is_sampled;          /* not all of the run was recorded */
	double lost;              /* events of the run */
	double blocks;            /* of the run, exact */
	double estimated;         /* of all sites */
	double stackable;         /* of the sites looked at: that need not be on the heap */
};

/* -1 and err set on failure. Release it in any case. */
int check_load(
    struct check *check, struct query_db *db, const struct check_options *options, struct err *err);
/* Takes the run into the baseline. -1 and err set on failure. */
int check_learn(
    struct baseline *baseline, struct query_db *db, const struct paths *paths, struct err *err);
void check_release(struct check *check);

#endif
