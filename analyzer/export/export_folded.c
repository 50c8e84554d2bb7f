/* Folded stacks: "outermost;...;innermost value", a line a stack. */
#include <stdlib.h>
#include <string.h>

#include "analyzer/export/columns.h"
#include "analyzer/export/export.h"
#include "analyzer/export/tree.h"
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

static void
write_stack(const struct tree *tree, uint32_t node, int64_t value, uint32_t *path, FILE *out)
{
	struct strbuf line = { 0 };
	size_t count = 0;

	for (uint32_t at = node; at != 0; at = tree->nodes[at].parent)
		path[count++] = at;
	while (count > 0) {
		add_frame(&line, tree->names[tree->nodes[path[--count]].name]);
		strbuf_adds(&line, count > 0 ? ";" : "");
	}
	fprintf(out, "%s %lld\n", line.text, (long long)value);
	strbuf_release(&line);
}

static int
write_folded(const struct export_options *options, struct query_db *db, FILE *out, struct err *err)
{
	struct tree tree;
	int rc = tree_load(&tree, db, options->metric, options->is_inverted, err);

	if (rc == 0) {
		struct columns_carry carry = { 0 };
		uint32_t *path = xcalloc(tree.depth + 1, sizeof(*path));

		for (uint32_t i = 1; i < tree.count; i++) {
			int64_t value = columns_carry(&carry, tree.nodes[i].self);

			if (value > 0)
				write_stack(&tree, i, value, path, out);
		}
		free(path);
	}
	tree_release(&tree);
	return rc;
}

const struct export export_folded = {
	.name = "folded",
	.extension = "txt",
	.summary = "folded stacks, for flame graph tools",
	.write = write_folded,
};
