/* What is known of the paths of a database beyond what is drawn: fates, lifetimes, and what
 * the report says of their sites. */
#ifndef EXPORT_PATH_FACTS_H
#define EXPORT_PATH_FACTS_H

#include <stdint.h>

#include "analyzer/util/map.h"

struct err;
struct query_db;
struct stack_paths;

/* What the report says of a site. */
struct path_verdict {
	double share;    /* that need not be on the heap, 0 to 1 */
	uint8_t verdict; /* of tree_verdicts */
};

/* Of sites that reports show as one it is found again, of all of their blocks. */
struct path_verdicts {
	struct path_verdict *list;
	struct map map; /* number of a site, as reports show it -> place */
};

/* -1 and err set on failure; release it in any case. */
int path_verdicts_load(struct path_verdicts *verdicts, struct query_db *db, struct err *err);
void path_verdicts_release(struct path_verdicts *verdicts);
/* Of a site that is not there: nothing is known. */
struct path_verdict path_verdicts_find(const struct path_verdicts *verdicts, int64_t site);

/* Not rounded; numbers are from 0 to 2^53, life is from 0 to 2^63. */
struct path_fact {
	int64_t site, stack; /* site(id) of its run, stack(id) */
	double blocks, bytes, cost, live_bytes;
	double peak_blocks, peak_bytes;          /* live when most was */
	double local, up, thread, live, unknown; /* blocks by fate */
	double life;                             /* ns that its blocks lived in all */
	double life_squares;                     /* the sum of the squares of these */
	double share;                            /* that need not be on the heap, 0 to 1 */
	int64_t life_min, life_max;              /* of its site, ns; -1: not known */
	uint32_t allocator;                      /* of the texts; of its site */
	uint8_t verdict;                         /* of tree_verdicts */
};

/* Sets the facts of paths that are loaded, for each one; share and verdict are those that
 * the report has for the site as it is shown. -1 and err set on failure. */
int path_facts_load(struct stack_paths *paths, struct query_db *db, struct err *err);

#endif
