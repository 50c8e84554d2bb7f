/* Folded stacks: "outermost;...;innermost value", a line a stack; of two runs with two values,
 * as the tools for differential flame graphs want them. */
#include <stdlib.h>
#include <string.h>

#include "analyzer/export/columns.h"
#include "analyzer/export/export.h"
#include "analyzer/export/tree_diff.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"
#include "analyzer/util/xalloc.h"

/* ; ends a frame. */
static void
add_frame(struct strbuf *buf, const char *name)
{
	if (*name == '\0')
		name = "??";
	while (*name) {
		size_t len = strcspn(name, ";");

		term_escape(buf, name, len);
		name += len;
		if (*name) {
			strbuf_adds(buf, "\\x3b");
			name++;
		}
	}
}

/* Adds to `line` what a stack is called. */
static void
add_stack(struct strbuf *line, const struct tree *tree, uint32_t node, uint32_t *path)
{
	size_t count = 0;

	for (uint32_t at = node; at != 0; at = tree->nodes[at].parent)
		path[count++] = at;
	while (count > 0) {
		add_frame(line, tree->names[tree->nodes[path[--count]].name]);
		strbuf_adds(line, count > 0 ? ";" : "");
	}
}

/* selves: by node, one for each number behind a stack. */
static void
write_stacks(const struct tree *tree, double *const selves[TREE_SIDES], int sides, FILE *out)
{
	struct columns_carry carry[TREE_SIDES] = { { 0 } };
	uint32_t *path = xcalloc(tree->depth + 1, sizeof(*path));
	struct strbuf line = { 0 };

	for (uint32_t i = 1; i < tree->count; i++) {
		int64_t values[TREE_SIDES] = { 0 };
		bool is_there = false;

		for (int side = 0; side < sides; side++) {
			values[side] = columns_carry(
			    &carry[side], selves[side] ? selves[side][i] : tree->nodes[i].self);
			is_there = is_there || values[side] > 0;
		}
		if (!is_there)
			continue;
		strbuf_clear(&line);
		add_stack(&line, tree, i, path);
		for (int side = 0; side < sides; side++)
			strbuf_addf(&line, " %lld", (long long)values[side]);
		fprintf(out, "%s\n", line.text);
	}
	strbuf_release(&line);
	free(path);
}

static int
write_folded(const struct export_options *options, struct query_db *db, FILE *out, struct err *err)
{
	struct tree_diff diff = { .tree.nodes = NULL };
	int rc =
	    tree_diff_load(&diff, options->before, db, options->metric, options->is_inverted, err);

	if (rc == 0)
		write_stacks(&diff.tree, diff.selves, options->before ? TREE_SIDES : 1, out);
	tree_diff_release(&diff);
	return rc;
}

const struct export export_folded = {
	.name = "folded",
	.extension = "txt",
	.summary = "folded stacks, for flame graph tools",
	.compares = true,
	.write = write_folded,
};
