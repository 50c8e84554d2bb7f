/* Allocating stacks as one tree of functions, each with its share of a metric. */
#ifndef EXPORT_TREE_H
#define EXPORT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct query_db;

enum tree_unit { TREE_BLOCKS, TREE_BYTES, TREE_NS };

/* What is measured. */
struct tree_metric {
	const char *name; /* as --metric takes it */
	const char *title;
	const char *sql; /* over path p */
	enum tree_unit unit;
	bool is_stackable; /* of it what need not be on the heap, as the report has it */
};

/* The metric of that name, or NULL. */
const struct tree_metric *tree_metric_find(const char *name);
const struct tree_metric *tree_metric_at(size_t at); /* NULL behind the last */

enum { TREE_VERDICTS = 10 };
/* Names of the verdicts, in the order of tree_node.verdict. */
extern const char *const tree_verdicts[TREE_VERDICTS];
/* The place of that one; of what is none, that of the last. */
uint8_t tree_verdict_number(const char *verdict);

struct tree_node {
	uint32_t parent; /* node 0 is the root and its own parent */
	uint32_t name;   /* of tree.names */
	uint32_t depth;  /* 0: the root */
	uint8_t verdict; /* the one that most of the value has */
	double value;    /* with all below */
	double self;
	double start; /* where it stands, 0 to the root's value */
};

struct tree {
	struct tree_node *nodes; /* a parent stands before its children */
	size_t count;
	char **names;
	size_t name_count;
	uint32_t depth;           /* the deepest */
	double blocks, stackable; /* all of them, and those that need not be on the heap */
};

/* Inverted: from the allocating function outwards. -1 and err set on failure.
 * Release it in any case. */
int tree_load(struct tree *tree, struct query_db *db, const struct tree_metric *metric,
    bool is_inverted, struct err *err);
/* Finds the `start` of each node from what else they are: see tree_diff.h. */
void tree_lay_out(struct tree *tree);
void tree_release(struct tree *tree);

#endif
