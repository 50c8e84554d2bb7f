/* The trees of two runs as one, in which nothing of either is missing. */
#ifndef EXPORT_TREE_DIFF_H
#define EXPORT_TREE_DIFF_H

#include "analyzer/export/tree.h"

enum { TREE_BEFORE, TREE_AFTER, TREE_SIDES };

struct tree_diff {
	/* as that of one run; what a node has itself is the larger of both runs', so that
	 * the parts of a frame fit into it; its verdict is the later one */
	struct tree tree;
	/* of the runs, by node; owned */
	double *values[TREE_SIDES];
	double *selves[TREE_SIDES];
	uint8_t *verdicts[TREE_SIDES]; /* TREE_VERDICTS: it is not there */
};

/* Without `before`, NULL, it is the tree of the one run, and nothing is known by sides. -1 and
 * err set on failure. Release it in any case. */
int tree_diff_load(struct tree_diff *diff, struct query_db *before, struct query_db *after,
    const struct tree_metric *metric, bool is_inverted, struct err *err);
void tree_diff_release(struct tree_diff *diff);

#endif
