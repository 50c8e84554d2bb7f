#include "analyzer/export/tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/export/path_facts.h"
#include "analyzer/export/stack_paths.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/map.h"
#include "analyzer/util/xalloc.h"

enum { TREE_DEPTH = 4096, TREE_NODES = 4000000 };

const char *const tree_verdicts[TREE_VERDICTS] = { "stack", "buffer", "caller", "reuse", "large",
	"mixed", "heap", "thread", "live", "unknown" };

static const struct tree_metric metrics[] = {
	{ "blocks", "blocks allocated", "p.blocks", TREE_BLOCKS, false },
	{ "bytes", "bytes allocated", "p.bytes", TREE_BYTES, false },
	{ "stackable-blocks", "blocks that need not be on the heap", "p.blocks", TREE_BLOCKS,
	    true },
	{ "stackable-bytes", "bytes that need not be on the heap", "p.bytes", TREE_BYTES, true },
	{ "cost", "time in malloc and free", "p.cost", TREE_NS, false },
};

const struct tree_metric *
tree_metric_at(size_t at)
{
	return at < sizeof(metrics) / sizeof(*metrics) ? &metrics[at] : NULL;
}

const struct tree_metric *
tree_metric_find(const char *name)
{
	for (size_t i = 0; tree_metric_at(i); i++) {
		if (strcmp(metrics[i].name, name) == 0)
			return &metrics[i];
	}
	return NULL;
}

/* A frame of a stack of the database. */
struct link {
	int64_t parent;
	uint32_t name;
	uint32_t state; /* of the outermost one: an index of ends */
	uint32_t node;  /* of a tree that is not inverted; 0: not known */
};

/* What stands outside of a stack that does not end where its thread began. */
static const char *const ends[] = { NULL, "[truncated]", "[no unwind information]" };

enum { ENDS = sizeof(ends) / sizeof(*ends) };

struct builder {
	struct tree *tree;
	struct map frames;   /* frame(id): name */
	struct map stacks;   /* stack(id): index into links */
	struct map children; /* node and name: node */
	struct link *links;
	size_t link_count;
	size_t link_cap;
	size_t node_cap;
	size_t name_cap;
	double (*by_verdict)[TREE_VERDICTS]; /* a node's value */
	size_t verdict_cap;
	uint32_t ends[ENDS]; /* names of ends */
	/* of the path at hand, innermost first */
	uint32_t names[TREE_DEPTH];
	size_t walk[TREE_DEPTH]; /* its links; end_link: it is none */
	uint32_t base;           /* the node that all of these are below */
	bool is_whole;           /* they are all that there are */
};

static const size_t end_link = SIZE_MAX;

static uint32_t
add_name(struct builder *builder, const char *name)
{
	struct tree *tree = builder->tree;

	tree->names =
	    xgrow(tree->names, &builder->name_cap, tree->name_count + 1, sizeof(*tree->names));
	tree->names[tree->name_count] = xstrdup(name);
	return (uint32_t)tree->name_count++;
}

static uint32_t
add_node(struct builder *builder, uint32_t parent, uint32_t name)
{
	struct tree *tree = builder->tree;
	uint32_t node = (uint32_t)tree->count;

	tree->nodes = xgrow(tree->nodes, &builder->node_cap, tree->count + 1, sizeof(*tree->nodes));
	builder->by_verdict = xgrow(builder->by_verdict, &builder->verdict_cap, tree->count + 1,
	    sizeof(*builder->by_verdict));
	memset(builder->by_verdict[node], 0, sizeof(*builder->by_verdict));
	tree->nodes[node] = (struct tree_node){
		.parent = parent,
		.name = name,
		.depth = node == 0 ? 0 : tree->nodes[parent].depth + 1,
	};
	if (tree->nodes[node].depth > tree->depth)
		tree->depth = tree->nodes[node].depth;
	tree->count++;
	return node;
}

static uint32_t
state_of(struct query *query)
{
	int64_t state = query_int(query, 3);

	return state > 0 && state < ENDS ? (uint32_t)state : 0;
}

/* Functions are told apart by name alone. */
static int
load_names(struct builder *builder, struct query_db *db, struct err *err)
{
	struct query *query =
	    query_prepare(db, "SELECT id, function FROM frame ORDER BY function", err);
	const struct tree *tree = builder->tree;
	uint32_t name = 0;
	int rc = -1;

	while (query && (rc = query_next(query, err)) > 0) {
		struct map_key key = { 0, (uint64_t)query_int(query, 0) };
		const char *text = query_text(query, 1);

		if (name == 0 || strcmp(tree->names[name], text) != 0)
			name = add_name(builder, text);
		*map_insert(&builder->frames, key, NULL) = name;
	}
	query_finish(query);
	return rc;
}

/* A stack whose frame is not there is none. */
static int
load_stacks(struct builder *builder, struct query_db *db, struct err *err)
{
	struct query *query = query_prepare(db, "SELECT id, parent, frame, state FROM stack", err);
	int rc = -1;

	while (query && (rc = query_next(query, err)) > 0) {
		struct map_key key = { 0, (uint64_t)query_int(query, 0) };
		struct map_key frame = { 0, (uint64_t)query_int(query, 2) };
		const uint64_t *name = map_find(&builder->frames, frame);

		if (!name)
			continue;
		builder->links = xgrow(builder->links, &builder->link_cap, builder->link_count + 1,
		    sizeof(*builder->links));
		builder->links[builder->link_count] =
		    (struct link){ query_int(query, 1), (uint32_t)*name, state_of(query), 0 };
		*map_insert(&builder->stacks, key, NULL) = builder->link_count++;
	}
	query_finish(query);
	return rc;
}

/* The frames of a stack, innermost first, but for those that have a node; how many. */
static size_t
collect(struct builder *builder, int64_t stack)
{
	const struct tree *tree = builder->tree;
	size_t count = 0;
	uint32_t end = 0;
	const uint64_t *at = NULL;

	builder->base = 0;
	while (stack > 0 && count < TREE_DEPTH) {
		struct map_key key = { 0, (uint64_t)stack };
		const struct link *link;

		at = map_find(&builder->stacks, key);
		if (!at)
			break;
		link = &builder->links[*at];
		if (link->node != 0 && count + tree->nodes[link->node].depth <= TREE_DEPTH) {
			builder->base = link->node;
			builder->is_whole = true;
			return count;
		}
		builder->names[count] = link->name;
		builder->walk[count++] = *at;
		stack = link->parent;
		end = stack == 0 ? link->state : 0;
	}
	builder->is_whole = (stack <= 0 || !at) && (end == 0 || count < TREE_DEPTH);
	if (end != 0 && count < TREE_DEPTH) {
		builder->names[count] = builder->ends[end];
		builder->walk[count++] = end_link;
	}
	return count;
}

static uint32_t
child_of(struct builder *builder, uint32_t parent, uint32_t name)
{
	struct map_key key = { parent, name };
	bool is_fresh;
	uint64_t *at = map_insert(&builder->children, key, &is_fresh);

	if (is_fresh) {
		uint32_t node = add_node(builder, parent, name);

		*at = node;
		return node;
	}
	return (uint32_t)*at;
}

uint8_t
tree_verdict_number(const char *verdict)
{
	uint8_t at = 0;

	while (at < TREE_VERDICTS - 1 && strcmp(tree_verdicts[at], verdict) != 0)
		at++;
	return at;
}

/* Sums are made in the order of the paths, so that they do not depend on how the tree grew. */
static int
add_path(struct builder *builder, int64_t stack, double value, uint8_t verdict, bool is_inverted,
    struct err *err)
{
	size_t count = collect(builder, stack);
	uint32_t node = builder->base;

	for (size_t i = 0; i < count; i++) {
		size_t at = is_inverted ? i : count - 1 - i;

		if (builder->tree->count > TREE_NODES)
			return err_set(err, "more than %d frames", TREE_NODES);
		node = child_of(builder, node, builder->names[at]);
		if (!is_inverted && builder->is_whole && builder->walk[at] != end_link)
			builder->links[builder->walk[at]].node = node;
	}
	builder->tree->nodes[node].self += value;
	for (; node != 0; node = builder->tree->nodes[node].parent)
		builder->by_verdict[node][verdict] += value;
	builder->by_verdict[0][verdict] += value;
	return 0;
}

static int
load_paths(struct builder *builder, struct query_db *db, const struct tree_metric *metric,
    bool is_inverted, struct err *err)
{
	char *sql =
	    xasprintf("SELECT p.stack, %s, g.shown, p.blocks FROM path p JOIN " PATHS_SITES " g"
		      " ON g.id = p.site ORDER BY p.site, p.stack",
		metric->sql);
	struct path_verdicts verdicts;
	struct query *query = NULL;
	int rc = -1;

	if (path_verdicts_load(&verdicts, db, err) == 0)
		query = query_prepare(db, sql, err);
	free(sql);
	while (query && (rc = query_next(query, err)) > 0) {
		struct path_verdict found = path_verdicts_find(&verdicts, query_int(query, 2));
		double blocks = fmax(0, query_real(query, 3));
		double value = query_real(query, 1) * (metric->is_stackable ? found.share : 1);

		builder->tree->blocks += blocks;
		builder->tree->stackable += blocks * found.share;
		if (!isfinite(value) || value <= 0)
			continue;
		rc = add_path(builder, query_int(query, 0), value, found.verdict, is_inverted, err);
		if (rc < 0)
			break;
	}
	query_finish(query);
	path_verdicts_release(&verdicts);
	return rc;
}

/* Values of whole subtrees: children stand behind their parents. */
static void
add_up(struct builder *builder)
{
	struct tree *tree = builder->tree;

	for (size_t i = 0; i < tree->count; i++) {
		struct tree_node *node = &tree->nodes[i];
		const double *values = builder->by_verdict[i];

		for (size_t v = 0; v < TREE_VERDICTS; v++) {
			node->value += values[v];
			if (values[v] > values[node->verdict])
				node->verdict = (uint8_t)v;
		}
	}
}

struct place {
	uint32_t node;
	uint32_t parent;
	double value;
	const char *name;
};

static int
place_compare(const void *left, const void *right)
{
	const struct place *a = left;
	const struct place *b = right;

	if (a->parent != b->parent)
		return a->parent < b->parent ? -1 : 1;
	if (a->value > b->value || a->value < b->value)
		return a->value > b->value ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Siblings side by side, the heaviest first. By parent: a parent's own place is
 * known before that of its children. */
void
tree_lay_out(struct tree *tree)
{
	struct place *places = xcalloc(tree->count, sizeof(*places));
	double *next = xcalloc(tree->count, sizeof(*next));

	for (uint32_t i = 0; i < tree->count; i++)
		places[i] = (struct place){ i, tree->nodes[i].parent, tree->nodes[i].value,
			tree->names[tree->nodes[i].name] };
	qsort(places + 1, tree->count - 1, sizeof(*places), place_compare);
	for (size_t i = 1; i < tree->count; i++) {
		struct tree_node *node = &tree->nodes[places[i].node];

		node->start = tree->nodes[node->parent].start + next[node->parent];
		next[node->parent] += node->value;
	}
	free(next);
	free(places);
}

int
tree_load(struct tree *tree, struct query_db *db, const struct tree_metric *metric,
    bool is_inverted, struct err *err)
{
	struct builder *builder = xcalloc(1, sizeof(*builder));
	int rc;

	*tree = (struct tree){ .nodes = NULL };
	builder->tree = tree;
	add_node(builder, 0, add_name(builder, "all"));
	for (uint32_t i = 1; i < ENDS; i++)
		builder->ends[i] = add_name(builder, ends[i]);
	rc = load_names(builder, db, err);
	if (rc == 0)
		rc = load_stacks(builder, db, err);
	if (rc == 0)
		rc = load_paths(builder, db, metric, is_inverted, err);
	if (rc == 0) {
		add_up(builder);
		tree_lay_out(tree);
	}
	map_release(&builder->frames);
	map_release(&builder->stacks);
	map_release(&builder->children);
	free(builder->links);
	free(builder->by_verdict);
	free(builder);
	return rc;
}

void
tree_release(struct tree *tree)
{
	for (size_t i = 0; i < tree->name_count; i++)
		free(tree->names[i]);
	free(tree->names);
	free(tree->nodes);
	*tree = (struct tree){ .nodes = NULL };
}
