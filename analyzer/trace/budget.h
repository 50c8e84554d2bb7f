/*
 * How much memory the analysis of a trace may take. Whoever wrote a trace chose what is
 * in it: a few bytes may want a kilobyte. So what is kept of it is paid for, roughly,
 * from an account that grows with the trace's size; what cannot be paid is left out, counted,
 * and told. Of what was seen, compilers' short traces come nearest, with more stacks than
 * blocks. What is freed with its trace is given back then, as a build has hundreds of short
 * ones.
 */
#ifndef TRACE_BUDGET_H
#define TRACE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(NAME, bytes, what): what one costs in all tables that have it (measured with
 * tests/lib/mkbombs.c), and what is said where it was left out. */
/* clang-format off */
#define BUDGET_ITEMS(X) \
	X(MODULE, 4000, "modules") \
	X(NODE, 110, "stack frames") \
	X(PC, 600, "places in code") \
	X(STACK, 40, "frames of stacks") \
	X(SITE, 3000, "sites") \
	X(PATH, 600, "stacks that allocate") \
	X(PAIR, 420, "pairs of stacks") \
	X(MARK, 100, "phases and pools") \
	X(CELL, 90, "cells of size and lifetime") \
	X(REGION, 300, "stacks of threads") \
	X(BLOCK, 110, "live blocks") \
	X(NAME, 150, "names of threads")
/* clang-format on */

enum budget_item {
#define X(NAME, bytes, what) BUDGET_##NAME,
	BUDGET_ITEMS(X)
#undef X
	    BUDGET_COUNT,
};

struct budget {
	uint64_t left;                   /* bytes */
	uint64_t taken[BUDGET_COUNT];    /* of each */
	uint64_t left_out[BUDGET_COUNT]; /* of each */
};

/* What one costs. */
static inline uint64_t
budget_cost(enum budget_item item)
{
	static const uint16_t costs[] = {
#define X(NAME, bytes, what) bytes,
		BUDGET_ITEMS(X)
#undef X
	};

	return costs[item];
}

/* Pays for one. False, and counted, if there is not enough. NULL: there always is. */
static inline bool
budget_take(struct budget *budget, enum budget_item item)
{
	uint64_t cost = budget_cost(item);

	if (budget == NULL)
		return true;
	if (budget->left < cost) {
		budget->left_out[item]++;
		return false;
	}
	budget->left -= cost;
	budget->taken[item]++;
	return true;
}

/* All of that item were freed: what they cost may be taken again. */
static inline void
budget_give_back(struct budget *budget, enum budget_item item)
{
	budget->left += budget->taken[item] * budget_cost(item);
	budget->taken[item] = 0;
}

#endif
