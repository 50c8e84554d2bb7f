/*
 * Sites whose blocks end differently depending on who called: split by callers.
 *
 * Callers are the frames around the site that are no wrappers and no start-up
 * code. As few of them as separate the fates make a context: of 1 to
 * CONTEXTS_DEPTH callers the smallest number that leaves hardly more blocks (1 in
 * 50) with the minority of their context than any other would. Where no number
 * does, those callers are told that make no block that goes far: a few that do must not
 * hide what can be done about all others. Calls from several
 * lines of one function are one context where they have one verdict.
 */
#ifndef ESCAPE_CONTEXTS_H
#define ESCAPE_CONTEXTS_H

#include <stddef.h>
#include <stdint.h>

#include "analyzer/escape/verdict.h"

struct escape;

enum {
	CONTEXTS_DEPTH = 4,
	CONTEXTS_MOST = 64, /* of a site, those with most blocks */
};

struct context {
	uint32_t site;
	uint32_t frames[CONTEXTS_DEPTH]; /* logical; the site's caller first */
	uint32_t count;                  /* of frames; 0: start-up code called it */
	struct verdict_facts facts;
	const struct verdict *verdict;
	double blocks, bytes; /* estimated */
};

struct contexts {
	struct context *list; /* of a site next to each other, most blocks first */
	size_t count;
	size_t cap;
	uint32_t *of_path; /* index + 1 by path; 0: none */
};

/* Of all sites of a run that has ended; sites with one verdict everywhere have
 * none. */
void contexts_find(struct contexts *contexts, struct escape *escape);
void contexts_release(struct contexts *contexts);

#endif
