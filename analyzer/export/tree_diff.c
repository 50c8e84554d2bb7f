#include "analyzer/export/tree_diff.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/util/map.h"
#include "analyzer/util/xalloc.h"

struct joiner {
	struct tree_diff *diff;
	struct map names;    /* text: number */
	struct map children; /* node and name: node */
	size_t node_cap, name_cap;
};

static uint32_t
join_name(struct joiner *joiner, const char *name)
{
	struct tree *tree = &joiner->diff->tree;
	bool is_fresh;
	uint64_t *at = map_insert(
	    &joiner->names, map_key_of((struct map_key){ 0, 0 }, name, strlen(name)), &is_fresh);

	if (is_fresh) {
		tree->names = xgrow(
		    tree->names, &joiner->name_cap, tree->name_count + 1, sizeof(*tree->names));
		tree->names[tree->name_count] = xstrdup(name);
		*at = tree->name_count++;
	}
	return (uint32_t)*at;
}

static uint32_t
join_new(struct joiner *joiner, uint32_t parent, uint32_t name)
{
	struct tree *tree = &joiner->diff->tree;
	struct tree_node node = { .parent = parent, .name = name };

	if (tree->count > 0)
		node.depth = tree->nodes[parent].depth + 1;
	if (node.depth > tree->depth)
		tree->depth = node.depth;
	tree->nodes = xgrow(tree->nodes, &joiner->node_cap, tree->count + 1, sizeof(*tree->nodes));
	tree->nodes[tree->count] = node;
	return (uint32_t)tree->count++;
}

static uint32_t
join_child(struct joiner *joiner, uint32_t parent, uint32_t name)
{
	bool is_fresh;
	uint64_t *at = map_insert(&joiner->children, (struct map_key){ parent, name }, &is_fresh);

	if (is_fresh)
		*at = join_new(joiner, parent, name);
	return (uint32_t)*at;
}

/* By node of a side: the one of both. A parent stands before its children. */
static uint32_t *
join_side(struct joiner *joiner, const struct tree *side)
{
	uint32_t *nodes = xcalloc(side->count + 1, sizeof(*nodes));

	for (uint32_t i = 0; i < side->count; i++) {
		const struct tree_node *node = &side->nodes[i];
		uint32_t name = join_name(joiner, side->names[node->name]);

		if (i > 0)
			nodes[i] = join_child(joiner, nodes[node->parent], name);
		else if (joiner->diff->tree.count == 0)
			nodes[i] = join_new(joiner, 0, name);
	}
	return nodes;
}

static void
fill_side(struct tree_diff *diff, int at, const struct tree *side, const uint32_t *nodes)
{
	diff->values[at] = xcalloc(diff->tree.count + 1, sizeof(double));
	diff->selves[at] = xcalloc(diff->tree.count + 1, sizeof(double));
	diff->verdicts[at] = xmalloc(diff->tree.count + 1);
	memset(diff->verdicts[at], TREE_VERDICTS, diff->tree.count + 1);
	for (uint32_t i = 0; i < side->count; i++) {
		diff->values[at][nodes[i]] = side->nodes[i].value;
		diff->selves[at][nodes[i]] = side->nodes[i].self;
		diff->verdicts[at][nodes[i]] = side->nodes[i].verdict;
		diff->tree.nodes[nodes[i]].verdict = side->nodes[i].verdict;
	}
}

static void
add_up(struct tree_diff *diff)
{
	struct tree *tree = &diff->tree;

	for (size_t i = 0; i < tree->count; i++) {
		const double before = diff->selves[TREE_BEFORE][i];
		const double after = diff->selves[TREE_AFTER][i];

		tree->nodes[i].self = before > after ? before : after;
		tree->nodes[i].value = tree->nodes[i].self;
	}
	for (size_t i = tree->count; i-- > 1;)
		tree->nodes[tree->nodes[i].parent].value += tree->nodes[i].value;
}

static void
join(struct tree_diff *diff, const struct tree sides[TREE_SIDES])
{
	struct joiner joiner = { .diff = diff };
	uint32_t *nodes[TREE_SIDES];

	for (int i = 0; i < TREE_SIDES; i++)
		nodes[i] = join_side(&joiner, &sides[i]);
	for (int i = 0; i < TREE_SIDES; i++) {
		fill_side(diff, i, &sides[i], nodes[i]);
		free(nodes[i]);
	}
	add_up(diff);
	tree_lay_out(&diff->tree);
	map_release(&joiner.names);
	map_release(&joiner.children);
}

int
tree_diff_load(struct tree_diff *diff, struct query_db *before, struct query_db *after,
    const struct tree_metric *metric, bool is_inverted, struct err *err)
{
	struct tree sides[TREE_SIDES] = { { .nodes = NULL }, { .nodes = NULL } };
	int rc;

	*diff = (struct tree_diff){ .tree.nodes = NULL };
	if (before == NULL)
		return tree_load(&diff->tree, after, metric, is_inverted, err);
	rc = tree_load(&sides[TREE_BEFORE], before, metric, is_inverted, err);
	if (rc == 0)
		rc = tree_load(&sides[TREE_AFTER], after, metric, is_inverted, err);
	if (rc == 0)
		join(diff, sides);
	for (int i = 0; i < TREE_SIDES; i++)
		tree_release(&sides[i]);
	return rc;
}

void
tree_diff_release(struct tree_diff *diff)
{
	tree_release(&diff->tree);
	for (int i = 0; i < TREE_SIDES; i++) {
		free(diff->values[i]);
		free(diff->selves[i]);
		free(diff->verdicts[i]);
	}
	*diff = (struct tree_diff){ .tree.nodes = NULL };
}
