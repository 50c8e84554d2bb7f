/* What sites come to, by verdict and in all. */
#ifndef REPORT_TOTALS_H
#define REPORT_TOTALS_H

#include <stddef.h>

struct rows;

enum { TOTALS_VERDICTS = 10 };

/* Estimates; `saved`: of what need not be on the heap. */
struct total {
	size_t sites;
	double blocks, bytes, cost;
	double saved_blocks, saved_bytes, saved_cost;
};

struct totals {
	struct total all;
	struct total verdicts[TOTALS_VERDICTS]; /* in the order of advice_at() */
};

/* Of rows of report_sites. A verdict that this version does not know is `unknown`. */
void totals_find(struct totals *totals, const struct rows *sites);

#endif
