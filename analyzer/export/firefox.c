#include "analyzer/export/firefox.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/export/columns.h"
#include "analyzer/export/path_facts.h"
#include "analyzer/export/stack_paths.h"
#include "analyzer/export/tree.h"
#include "analyzer/util/json.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"
#include "analyzer/util/xalloc.h"

/* As they are coloured: the format knows a few names. */
static const char *const colors[TREE_VERDICTS + 1] = { "green", "lightblue", "blue", "orange",
	"brown", "yellow", "grey", "purple", "red", "magenta", "transparent" };

enum { FIREFOX_NONE = TREE_VERDICTS };
/* In the map: frames by frame and category, stacks by node and category, funcs by name, and
 * by file and module. */
enum { FIREFOX_FRAMES, FIREFOX_STACKS, FIREFOX_FUNCS };

void
firefox_string(struct json *json, const char *text)
{
	struct strbuf shown = { 0 };

	term_escape(&shown, text, strlen(text));
	json_stringn(json, shown.len > 0 ? shown.text : "", shown.len);
	strbuf_release(&shown);
}

static uint32_t
firefox_add_frame(struct firefox_tables *tables, uint32_t frame, uint32_t category)
{
	struct map_key key = { FIREFOX_FRAMES, ((uint64_t)frame << 8) | category };
	bool is_fresh;
	uint64_t *at = map_insert(&tables->map, key, &is_fresh);

	if (!is_fresh)
		return (uint32_t)*at;
	*at = tables->frame_count;
	tables->frames = xgrow(
	    tables->frames, &tables->frame_cap, tables->frame_count + 1, sizeof(*tables->frames));
	tables->frames[tables->frame_count] = (struct firefox_frame){ frame, category };
	return (uint32_t)tables->frame_count++;
}

static void
firefox_add_stack(struct firefox_tables *tables, uint32_t node, uint32_t frame)
{
	uint32_t parent = tables->paths->parent[node];

	tables->stacks = xgrow(
	    tables->stacks, &tables->stack_cap, tables->stack_count + 1, sizeof(*tables->stacks));
	tables->stacks[tables->stack_count++] =
	    (struct firefox_stack){ .prefix = (int64_t)parent - 1, .frame = frame };
}

static uint32_t
firefox_add_func(struct firefox_tables *tables, struct firefox_func func)
{
	struct map_key key = { FIREFOX_FUNCS + (uint64_t)func.name,
		((uint64_t)func.file << 32) | func.module };
	bool is_fresh;
	uint64_t *at = map_insert(&tables->map, key, &is_fresh);

	if (!is_fresh)
		return (uint32_t)*at;
	*at = tables->func_count;
	tables->funcs =
	    xgrow(tables->funcs, &tables->func_cap, tables->func_count + 1, sizeof(*tables->funcs));
	tables->funcs[tables->func_count] = func;
	return (uint32_t)tables->func_count++;
}

static int64_t
firefox_of_path(struct firefox_tables *tables, uint32_t node, uint32_t category)
{
	struct map_key key = { FIREFOX_STACKS, ((uint64_t)node << 8) | category };
	uint64_t *at;
	bool is_fresh;

	if (node == 0)
		return -1;
	at = map_insert(&tables->map, key, &is_fresh);
	if (!is_fresh)
		return (int64_t)*at;
	*at = tables->stack_count; /* until the next insertion */
	firefox_add_stack(
	    tables, node, firefox_add_frame(tables, tables->paths->frame[node], category));
	return (int64_t)tables->stack_count - 1;
}

void
firefox_tables_make(struct firefox_tables *tables, const struct stack_paths *paths)
{
	*tables = (struct firefox_tables){ .paths = paths };
	tables->of_frame = xcalloc(paths->frames.count + 1, sizeof(*tables->of_frame));
	for (uint32_t i = 0; i < paths->frames.count; i++) {
		firefox_add_frame(tables, i, FIREFOX_NONE);
		tables->of_frame[i] = firefox_add_func(tables,
		    (struct firefox_func){
			paths->frames.name[i], paths->frames.file[i], paths->frames.module[i] });
	}
	for (uint32_t node = 1; node < paths->node_count; node++)
		firefox_add_stack(tables, node, paths->frame[node]);
	tables->of_path = xcalloc(paths->count + 1, sizeof(*tables->of_path));
	for (size_t i = 0; i < paths->count; i++)
		tables->of_path[i] =
		    firefox_of_path(tables, paths->node[i], paths->facts[i].verdict);
}

void
firefox_tables_release(struct firefox_tables *tables)
{
	map_release(&tables->map);
	free(tables->frames);
	free(tables->funcs);
	free(tables->of_frame);
	free(tables->stacks);
	free(tables->of_path);
	*tables = (struct firefox_tables){ .paths = NULL };
}

void
firefox_categories_write(struct json *json)
{
	json_key(json, "categories");
	json_begin_array(json);
	for (size_t i = 0; i <= TREE_VERDICTS; i++) {
		json_begin_object(json);
		json_key(json, "name");
		json_string(json, i < TREE_VERDICTS ? tree_verdicts[i] : "Other");
		json_key(json, "color");
		json_string(json, colors[i]);
		json_key(json, "subcategories");
		json_begin_array(json);
		json_string(json, "Other");
		json_end_array(json);
		json_end_object(json);
	}
	json_end_array(json);
}

static const char *
firefox_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void
firefox_libs(const struct stack_paths *paths, struct json *json)
{
	static const char *const keys[] = { "name", "path", "debugName", "debugPath" };

	json_key(json, "libs");
	json_begin_array(json);
	for (size_t i = 0; i < paths->modules.count; i++) {
		const char *path = paths->modules.list[i];

		json_begin_object(json);
		for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
			json_key(json, keys[k]);
			firefox_string(json, k % 2 == 0 ? firefox_base(path) : path);
		}
		json_key(json, "arch");
		json_string(json, "");
		json_key(json, "breakpadId");
		json_string(json, "");
		json_key(json, "codeId");
		json_string(json, i < paths->build_id_count ? paths->build_ids[i] : "");
		json_end_object(json);
	}
	json_end_array(json);
}

/* is_base: of paths the last part. */
static void
firefox_texts(struct json *json, const struct paths_texts *texts, bool is_base)
{
	for (size_t i = 0; i < texts->count; i++) {
		const char *text = is_base ? firefox_base(texts->list[i]) : texts->list[i];

		firefox_string(json, *text ? text : "??");
	}
}

/* "name": the same value count times. */
static void
firefox_same(struct json *json, const char *name, const char *value, size_t count)
{
	json_key(json, name);
	json_begin_array(json);
	for (size_t i = 0; i < count; i++) {
		if (!value)
			json_null(json);
		else if (*value == 'f')
			json_bool(json, false);
		else
			json_int(json, strtoll(value, NULL, 10));
	}
	json_end_array(json);
}

static void
firefox_length(struct json *json, size_t length)
{
	json_key(json, "length");
	json_uint(json, length);
	json_end_object(json);
}

/* A column of numbers; what is below `least` is null. */
static void
firefox_column(
    struct json *json, const char *name, const int64_t *values, size_t count, int64_t least)
{
	json_key(json, name);
	json_begin_array(json);
	for (size_t i = 0; i < count; i++) {
		if (values[i] < least)
			json_null(json);
		else
			json_int(json, values[i]);
	}
	json_end_array(json);
}

static void
firefox_stack_table(const struct firefox_tables *tables, struct json *json, int64_t *column)
{
	json_key(json, "stackTable");
	json_begin_object(json);
	for (size_t i = 0; i < tables->stack_count; i++)
		column[i] = tables->stacks[i].prefix;
	firefox_column(json, "prefix", column, tables->stack_count, 0);
	for (size_t i = 0; i < tables->stack_count; i++)
		column[i] = tables->stacks[i].frame;
	firefox_column(json, "frame", column, tables->stack_count, 0);
	firefox_length(json, tables->stack_count);
}

/* An address would need the code that it is in: there is none. */
static void
firefox_frame_table(const struct firefox_tables *tables, struct json *json, int64_t *column)
{
	const struct paths_frames *frames = &tables->paths->frames;
	const struct firefox_frame *list = tables->frames;
	size_t count = tables->frame_count;

	json_key(json, "frameTable");
	json_begin_object(json);
	firefox_same(json, "address", "-1", count);
	for (size_t i = 0; i < count; i++)
		column[i] = frames->inlined[list[i].frame];
	firefox_column(json, "inlineDepth", column, count, 0);
	for (size_t i = 0; i < count; i++)
		column[i] = list[i].category;
	firefox_column(json, "category", column, count, 0);
	firefox_same(json, "subcategory", "0", count);
	for (size_t i = 0; i < count; i++)
		column[i] = tables->of_frame[list[i].frame];
	firefox_column(json, "func", column, count, 0);
	firefox_same(json, "nativeSymbol", NULL, count);
	firefox_same(json, "innerWindowID", NULL, count);
	for (size_t i = 0; i < count; i++)
		column[i] = frames->line[list[i].frame];
	firefox_column(json, "line", column, count, 1);
	for (size_t i = 0; i < count; i++)
		column[i] = frames->column[list[i].frame];
	firefox_column(json, "column", column, count, 1);
	firefox_length(json, count);
}

/* Resources are the modules, sources the files, by their numbers. */
static void
firefox_func_table(const struct firefox_tables *tables, struct json *json, int64_t *column)
{
	const struct firefox_func *list = tables->funcs;
	size_t count = tables->func_count;

	json_key(json, "funcTable");
	json_begin_object(json);
	for (size_t i = 0; i < count; i++)
		column[i] = list[i].name;
	firefox_column(json, "name", column, count, 0);
	firefox_same(json, "isJS", "false", count);
	firefox_same(json, "relevantForJS", "false", count);
	for (size_t i = 0; i < count; i++)
		column[i] = list[i].module;
	firefox_column(json, "resource", column, count, 0);
	for (size_t i = 0; i < count; i++)
		column[i] = *tables->paths->files.list[list[i].file] ? (int64_t)list[i].file : -1;
	firefox_column(json, "source", column, count, 0);
	firefox_same(json, "lineNumber", NULL, count);
	firefox_same(json, "columnNumber", NULL, count);
	firefox_length(json, count);
}

/* "name": from, from + 1 and so on. */
static void
firefox_numbers(struct json *json, const char *name, size_t from, size_t count)
{
	json_key(json, name);
	json_begin_array(json);
	for (size_t i = 0; i < count; i++)
		json_uint(json, from + i);
	json_end_array(json);
}

static void
firefox_small_tables(const struct stack_paths *paths, struct json *json)
{
	size_t names = paths->names.count, files = paths->files.count;
	size_t modules = paths->modules.count;

	json_key(json, "resourceTable");
	json_begin_object(json);
	firefox_same(json, "type", "1", modules); /* libraries */
	firefox_numbers(json, "lib", 0, modules);
	firefox_numbers(json, "name", names + files, modules);
	firefox_same(json, "host", NULL, modules);
	firefox_length(json, modules);
	json_key(json, "sources");
	json_begin_object(json);
	firefox_same(json, "id", NULL, files);
	firefox_numbers(json, "filename", names, files);
	firefox_length(json, files);
	json_key(json, "nativeSymbols");
	json_begin_object(json);
	firefox_same(json, "libIndex", NULL, 0);
	firefox_same(json, "address", NULL, 0);
	firefox_same(json, "name", NULL, 0);
	firefox_same(json, "functionSize", NULL, 0);
	firefox_length(json, 0);
}

void
firefox_tables_write(const struct firefox_tables *tables, struct json *json)
{
	size_t most = tables->stack_count + tables->frame_count + tables->func_count + 1;
	int64_t *column = xcalloc(most, sizeof(*column));

	firefox_libs(tables->paths, json);
	json_key(json, "shared");
	json_begin_object(json);
	json_key(json, "stringArray");
	json_begin_array(json);
	firefox_texts(json, &tables->paths->names, false);
	firefox_texts(json, &tables->paths->files, false);
	firefox_texts(json, &tables->paths->modules, true);
	json_end_array(json);
	firefox_stack_table(tables, json, column);
	firefox_frame_table(tables, json, column);
	firefox_func_table(tables, json, column);
	firefox_small_tables(tables->paths, json);
	json_end_object(json);
	free(column);
}
