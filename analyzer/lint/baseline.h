/* The sites that a program had, as a text that is kept beside its sources: esc-check(1). */
#ifndef LINT_BASELINE_H
#define LINT_BASELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "analyzer/format/rows.h"

struct err;
struct paths;

/* Zero-initialised: release it in any case. */
struct baseline {
	struct rows sites; /* columns of report_sites by their names, those that pairing.h asks
			    * for, and "verdicts", with commas, and "stays", per cent */
	bool is_sampled;   /* not all blocks of all its runs were recorded */
};

/* One without sites. */
void baseline_init(struct baseline *baseline);
/* Reads what baseline_write wrote, or somebody else, into an initialised one: -1 and err set
 * where it cannot be read, or a line is none. name: for err. */
int baseline_read(struct baseline *baseline, FILE *file, const char *name, struct err *err);
int baseline_load(struct baseline *baseline, const char *path, struct err *err);
/* Takes in a run: sites that are new, verdicts that they had not yet. other: by row of
 * `sites` (report_sites) its row in the baseline, + 1, as pairing.h finds it. */
void baseline_add(struct baseline *baseline, const struct paths *paths, const struct rows *sites,
    const size_t *other);
/* A line a site, in an order that depends on nothing else: sorts them. */
void baseline_write(struct baseline *baseline, FILE *out);
void baseline_release(struct baseline *baseline);

/* Of a row of report_sites: of the blocks that were judged, those that their frame did not
 * outlive, in per cent, rounded down. */
int64_t baseline_stays(const struct rows *sites, size_t row);

#endif
