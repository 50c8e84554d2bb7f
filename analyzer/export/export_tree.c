/* Allocating stacks as one tree of frames, and the paths in it: columns, for programs
 * that draw. */
#include "analyzer/export/columns.h"
#include "analyzer/export/export.h"
#include "analyzer/export/stack_paths.h"
#include "analyzer/util/json.h"

static void
tree_frames(struct json *json, const struct paths_frames *frames)
{
	json_key(json, "frames");
	json_begin_object(json);
	columns_u32(json, "name", frames->name, frames->count);
	columns_u32(json, "file", frames->file, frames->count);
	columns_i64(json, "line", frames->line, frames->count);
	columns_u32(json, "module", frames->module, frames->count);
	columns_u32(json, "wrapper", frames->wrapper, frames->count);
	columns_u32(json, "startup", frames->startup, frames->count);
	json_end_object(json);
}

static void
tree_paths(struct json *json, const struct stack_paths *paths)
{
	json_key(json, "paths");
	json_begin_object(json);
	columns_i64(json, "site", paths->site, paths->count);
	columns_u32(json, "node", paths->node, paths->count);
	columns_i64(json, "blocks", paths->blocks, paths->count);
	columns_i64(json, "bytes", paths->bytes, paths->count);
	columns_i64(json, "cost_ns", paths->cost, paths->count);
	columns_i64(json, "live", paths->live, paths->count);
	json_end_object(json);
}

static int
write_tree(const struct export_options *options, struct query_db *db, FILE *out, struct err *err)
{
	struct stack_paths paths;
	struct json json;
	int rc = stack_paths_load_tree(&paths, db, err);

	(void)options;
	if (rc == 0) {
		json_start(&json, out);
		json_begin_object(&json);
		json_key(&json, "schema");
		json_string(&json, "esc-tree/1");
		columns_texts(&json, "names", paths.names.list, paths.names.count);
		columns_texts(&json, "files", paths.files.list, paths.files.count);
		columns_texts(&json, "modules", paths.modules.list, paths.modules.count);
		tree_frames(&json, &paths.frames);
		json_key(&json, "nodes");
		json_begin_object(&json);
		columns_u32(&json, "parent", paths.parent, paths.node_count);
		columns_u32(&json, "frame", paths.frame, paths.node_count);
		json_end_object(&json);
		tree_paths(&json, &paths);
		json_end_object(&json);
	}
	stack_paths_release(&paths);
	return rc;
}

const struct export export_tree = {
	.name = "tree",
	.summary = "allocating stacks as columns of JSON, for programs that draw",
	.write = write_tree,
};
