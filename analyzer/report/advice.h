/* What a site's verdict means for the reader, in the words of esc-verdicts(7). */
#ifndef REPORT_ADVICE_H
#define REPORT_ADVICE_H

#include <stdbool.h>
#include <stddef.h>

struct rows;
struct strbuf;

enum advice_class {
	ADVICE_SAVE, /* need not be on the heap: stack, buffer, caller */
	ADVICE_PART, /* some of it: reuse, mixed, large */
	ADVICE_KEEP, /* heap, thread, live */
	ADVICE_OPEN, /* unknown, and what this version does not know */
};

struct advice {
	const char *verdict;
	enum advice_class class;
	const char *meaning; /* of the verdict, for all its sites */
};

/* Of a verdict's name; never NULL. */
const struct advice *advice_find(const char *verdict);
/* The at-th, in order of precedence of what to do first; NULL behind the last. */
const struct advice *advice_at(size_t at);
/* The verdict is one of those in the list with commas. */
bool advice_is_among(const char *list, const char *verdict);
/* A block that did otherwise than the verdict says is an example against it: where
 * it says that blocks stay or go near, those that went near are none. */
bool advice_shows_counter(const char *verdict);
/* Observed blocks to an activation of the owner; 0: not known. A sample has of an
 * activation fewer than there were. */
double advice_blocks_a_call(const struct rows *sites, size_t row);
/* Adds what happens to the blocks of a row of report_sites: "does not escape f". */
void advice_add_fate(struct strbuf *buf, const struct rows *sites, size_t row);
/* Adds what to do: "make it a local variable". Names are harmless, not cut. */
void advice_add_remedy(struct strbuf *buf, const struct rows *sites, size_t row);

#endif
