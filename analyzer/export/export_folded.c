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

/* Lines that share their outer frames with the one before, as most do. */
struct line {
	const struct tree *tree;
	struct strbuf *names; /* as they stand in a line; without text: not yet asked for */
	struct strbuf text;
	uint32_t *path; /* by depth: the node that stands there */
	size_t *ends;   /* by depth: where it ends in the text */
	uint32_t depth;
};

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

static void
line_init(struct line *line, const struct tree *tree)
{
	*line = (struct line){ .tree = tree,
		.names = xcalloc(tree->name_count, sizeof(*line->names)),
		.path = xcalloc(tree->depth + 1, sizeof(*line->path)),
		.ends = xcalloc(tree->depth + 1, sizeof(*line->ends)) };
}

static void
line_release(struct line *line)
{
	for (size_t i = 0; i < line->tree->name_count; i++)
		strbuf_release(&line->names[i]);
	free(line->names);
	free(line->path);
	free(line->ends);
	strbuf_release(&line->text);
}

/* Makes the text what the stack of a node is called. */
static void
line_set(struct line *line, uint32_t node)
{
	const struct tree *tree = line->tree;
	uint32_t depth = tree->nodes[node].depth, common = depth;

	for (uint32_t at = node; common > 0; at = tree->nodes[at].parent, common--) {
		if (common <= line->depth && line->path[common] == at)
			break;
		line->path[common] = at;
	}
	line->text.len = line->ends[common];
	for (uint32_t at = common + 1; at <= depth; at++) {
		uint32_t name = tree->nodes[line->path[at]].name;

		if (!line->names[name].text)
			add_frame(&line->names[name], tree->names[name]);
		if (at > 1)
			strbuf_add(&line->text, ";", 1);
		strbuf_add(&line->text, line->names[name].text, line->names[name].len);
		line->ends[at] = line->text.len;
	}
	line->depth = depth;
}

/* selves: by node, one for each number behind a stack. */
static void
write_stacks(const struct tree *tree, double *const selves[TREE_SIDES], int sides, FILE *out)
{
	struct columns_carry carry[TREE_SIDES] = { { 0 } };
	struct line line;

	line_init(&line, tree);
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
		line_set(&line, i);
		fwrite(line.text.text, 1, line.text.len, out);
		for (int side = 0; side < sides; side++)
			fprintf(out, " %lld", (long long)values[side]);
		fputc('\n', out);
	}
	line_release(&line);
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
