#include "analyzer/export/stack_paths.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/export/columns.h"
#include "analyzer/export/path_facts.h"
#include "analyzer/store/query.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"

enum { PATHS_DEPTH = 4096, PATHS_NODES = 4000000 };

/* What stands outside of a stack that does not end where its thread began: by its state. */
static const char *const ends[] = { NULL, "[truncated]", "[no unwind information]" };

enum { ENDS = sizeof(ends) / sizeof(*ends) };

/* A row of the table frame. */
struct paths_row {
	uint32_t name, file, module, symbol;
	int64_t line, column;
	uint32_t number; /* of the columns' frames, + 1; 0: none yet */
	bool wrapper, startup, inlined;
};

/* A row of the table stack. */
struct paths_link {
	int64_t id;
	int64_t parent;
	uint32_t row;
	uint32_t node; /* 0: none yet */
	uint8_t state;
	bool walked; /* in the walk at hand */
};

struct paths_loader {
	struct stack_paths *paths;
	struct map rows; /* frame(id) -> index */
	struct paths_row *row_list;
	size_t row_count, row_cap;
	struct paths_link *link_list; /* by id */
	size_t link_count, link_cap;
	uint32_t end_nodes[ENDS];
	size_t walk[PATHS_DEPTH]; /* links, innermost first */
};

uint32_t
stack_paths_text(struct paths_texts *texts, const char *text)
{
	bool is_fresh;
	uint64_t *number = map_insert(
	    &texts->map, map_key_of((struct map_key){ 0, 0 }, text, strlen(text)), &is_fresh);

	if (is_fresh) {
		*number = texts->count;
		texts->list =
		    xgrow(texts->list, &texts->cap, texts->count + 1, sizeof(*texts->list));
		texts->list[texts->count++] = xstrdup(text);
	}
	return (uint32_t)*number;
}

static uint32_t
paths_add_row(struct paths_loader *loader, const struct paths_row *row)
{
	loader->row_list = xgrow(
	    loader->row_list, &loader->row_cap, loader->row_count + 1, sizeof(*loader->row_list));
	loader->row_list[loader->row_count] = *row;
	return (uint32_t)loader->row_count++;
}

/* Of files of one path that differ it is none's. */
static void
paths_add_build_id(struct stack_paths *paths, const char *path, const char *build_id)
{
	size_t known = paths->modules.count;
	uint32_t module = stack_paths_text(&paths->modules, path);

	if (module == known) {
		paths->build_ids =
		    xreallocarray(paths->build_ids, known + 1, sizeof(*paths->build_ids));
		paths->build_ids[paths->build_id_count++] = xstrdup(build_id);
	} else if (strcmp(paths->build_ids[module], build_id) != 0) {
		paths->build_ids[module][0] = '\0';
	}
}

/* The module without a name is 0. */
static int
paths_load_modules(struct stack_paths *paths, struct query_db *db, struct err *err)
{
	struct query *query =
	    query_prepare(db, "SELECT path, build_id FROM module ORDER BY id", err);
	int rc = -1;

	paths_add_build_id(paths, "", "");
	while (query && (rc = query_next(query, err)) > 0)
		paths_add_build_id(paths, query_text(query, 0), query_text(query, 1));
	query_finish(query);
	return rc;
}

/* Row 0 is the frame of stacks whose own is not there. */
static int
paths_load_frames(struct paths_loader *loader, struct query_db *db, struct err *err)
{
	struct stack_paths *paths = loader->paths;
	struct query *query = query_prepare(db,
	    "SELECT f.id, f.function, f.file, f.line, coalesce(m.path, ''), f.wrapper, f.startup,"
	    " f.column, f.inlined, f.symbol FROM frame f LEFT JOIN module m ON m.id = f.module",
	    err);
	int rc = -1;

	paths_add_row(loader,
	    &(struct paths_row){ .name = stack_paths_text(&paths->names, "??"),
		.file = stack_paths_text(&paths->files, ""),
		.module = stack_paths_text(&paths->modules, ""),
		.symbol = stack_paths_text(&paths->symbols, "") });
	while (query && (rc = query_next(query, err)) > 0) {
		struct map_key key = { 0, (uint64_t)query_int(query, 0) };

		*map_insert(&loader->rows, key, NULL) = paths_add_row(loader,
		    &(struct paths_row){
			.name = stack_paths_text(&paths->names, query_text(query, 1)),
			.file = stack_paths_text(&paths->files, query_text(query, 2)),
			.line = query_int(query, 3),
			.module = stack_paths_text(&paths->modules, query_text(query, 4)),
			.wrapper = query_int(query, 5) != 0,
			.startup = query_int(query, 6) != 0,
			.column = query_int(query, 7),
			.inlined = query_int(query, 8) != 0,
			.symbol = stack_paths_text(&paths->symbols, query_text(query, 9)) });
	}
	query_finish(query);
	return rc;
}

static int
paths_load_stacks(struct paths_loader *loader, struct query_db *db, struct err *err)
{
	struct query *query =
	    query_prepare(db, "SELECT id, parent, frame, state FROM stack ORDER BY id", err);
	int rc = -1;

	while (query && (rc = query_next(query, err)) > 0) {
		struct map_key frame = { 0, (uint64_t)query_int(query, 2) };
		const uint64_t *row = map_find(&loader->rows, frame);
		int64_t state = query_int(query, 3);

		loader->link_list = xgrow(loader->link_list, &loader->link_cap,
		    loader->link_count + 1, sizeof(*loader->link_list));
		loader->link_list[loader->link_count++] =
		    (struct paths_link){ .id = query_int(query, 0),
			    .parent = query_int(query, 1),
			    .row = row ? (uint32_t)*row : 0,
			    .state = state > 0 && state < ENDS ? (uint8_t)state : 0 };
	}
	query_finish(query);
	return rc;
}

static uint32_t
paths_add_node(struct stack_paths *paths, uint32_t parent, uint32_t frame)
{
	size_t need = paths->node_count + 1;

	if (need > paths->node_cap) {
		size_t cap = paths->node_cap;

		paths->parent =
		    xgrow(paths->parent, &paths->node_cap, need, sizeof(*paths->parent));
		paths->frame = xgrow(paths->frame, &cap, need, sizeof(*paths->frame));
	}
	paths->parent[paths->node_count] = parent;
	paths->frame[paths->node_count] = frame;
	return (uint32_t)paths->node_count++;
}

/* The number of the frame, which is now one of the columns'. */
static uint32_t
paths_frame(struct stack_paths *paths, struct paths_row *row)
{
	struct paths_frames *frames = &paths->frames;
	size_t count = frames->count;

	if (row->number != 0)
		return row->number - 1;
	if (count == paths->frame_cap) {
		size_t more = count * 2 + 64;

		frames->name = xreallocarray(frames->name, more, sizeof(*frames->name));
		frames->file = xreallocarray(frames->file, more, sizeof(*frames->file));
		frames->module = xreallocarray(frames->module, more, sizeof(*frames->module));
		frames->symbol = xreallocarray(frames->symbol, more, sizeof(*frames->symbol));
		frames->line = xreallocarray(frames->line, more, sizeof(*frames->line));
		frames->wrapper = xreallocarray(frames->wrapper, more, sizeof(*frames->wrapper));
		frames->startup = xreallocarray(frames->startup, more, sizeof(*frames->startup));
		frames->column = xreallocarray(frames->column, more, sizeof(*frames->column));
		frames->inlined = xreallocarray(frames->inlined, more, sizeof(*frames->inlined));
		paths->frame_cap = more;
	}
	frames->name[count] = row->name;
	frames->file[count] = row->file;
	frames->module[count] = row->module;
	frames->symbol[count] = row->symbol;
	frames->line[count] = row->line;
	frames->wrapper[count] = row->wrapper;
	frames->startup[count] = row->startup;
	frames->column[count] = row->column;
	frames->inlined[count] = row->inlined;
	row->number = (uint32_t)++frames->count;
	return row->number - 1;
}

/* The node that stands for where such a stack was left. */
static uint32_t
paths_end_node(struct paths_loader *loader, uint8_t state)
{
	struct stack_paths *paths = loader->paths;
	struct paths_row row = { .file = stack_paths_text(&paths->files, ""),
		.module = stack_paths_text(&paths->modules, "") };

	if (state == 0)
		return 0;
	if (loader->end_nodes[state] == 0) {
		row.name = stack_paths_text(&paths->names, ends[state]);
		loader->end_nodes[state] = paths_add_node(paths, 0, paths_frame(paths, &row));
	}
	return loader->end_nodes[state];
}

/* NULL: it is not there. They are numbered from 1 on without a gap, but need not be. */
static struct paths_link *
paths_find(const struct paths_loader *loader, int64_t id)
{
	struct paths_link *list = loader->link_list;
	size_t low = 0, high = loader->link_count, middle;

	if (id > 0 && (uint64_t)id <= high && list[id - 1].id == id)
		return &list[id - 1];
	while (low < high) {
		middle = low + (high - low) / 2;
		if (list[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < loader->link_count && list[low].id == id ? &list[low] : NULL;
}

/* The node of a stack, made with those outside of it. References may lead nowhere, or in
 * a circle. UINT32_MAX: they are too many. */
static uint32_t
paths_node(struct paths_loader *loader, int64_t stack)
{
	size_t count = 0;
	uint32_t node = 0;
	struct paths_link *link;

	for (; stack > 0 && count < PATHS_DEPTH; stack = link->parent) {
		link = paths_find(loader, stack);
		if (!link)
			break;
		node = link->node;
		if (node != 0 || link->walked)
			break;
		link->walked = true;
		loader->walk[count++] = (size_t)(link - loader->link_list);
		if (link->parent == 0)
			node = paths_end_node(loader, link->state);
	}
	while (count > 0) {
		link = &loader->link_list[loader->walk[--count]];
		link->walked = false;
		if (loader->paths->node_count > PATHS_NODES)
			return UINT32_MAX;
		node = paths_add_node(
		    loader->paths, node, paths_frame(loader->paths, &loader->row_list[link->row]));
		link->node = node;
	}
	return node;
}

static void
paths_grow(struct stack_paths *paths, size_t *cap)
{
	size_t more = *cap * 2 + 64;

	if (paths->count < *cap)
		return;
	paths->site = xreallocarray(paths->site, more, sizeof(*paths->site));
	paths->node = xreallocarray(paths->node, more, sizeof(*paths->node));
	paths->blocks = xreallocarray(paths->blocks, more, sizeof(*paths->blocks));
	paths->bytes = xreallocarray(paths->bytes, more, sizeof(*paths->bytes));
	paths->cost = xreallocarray(paths->cost, more, sizeof(*paths->cost));
	paths->live = xreallocarray(paths->live, more, sizeof(*paths->live));
	paths->ns = xreallocarray(paths->ns, more, sizeof(*paths->ns));
	*cap = more;
}

/* loader: for nodes; NULL: none are wanted. */
static int
paths_load_rows(
    struct stack_paths *paths, struct paths_loader *loader, struct query_db *db, struct err *err)
{
	struct query *query = query_prepare(db,
	    "SELECT g.shown, p.stack, p.blocks, p.bytes, p.cost, p.live, p.site FROM path p"
	    " JOIN " PATHS_SITES " g ON g.id = p.site ORDER BY g.shown, p.stack, p.site",
	    err);
	size_t cap = 0;
	int rc = -1;

	while (query && (rc = query_next(query, err)) > 0) {
		struct map_key key = { (uint64_t)query_int(query, 6),
			(uint64_t)query_int(query, 1) };
		uint32_t node = loader ? paths_node(loader, query_int(query, 1)) : 0;
		double blocks = query_real(query, 2);

		if (node == UINT32_MAX) {
			rc = err_set(err, "more than %d frames", PATHS_NODES);
			break;
		}
		paths_grow(paths, &cap);
		paths->site[paths->count] = query_int(query, 0);
		paths->node[paths->count] = node;
		paths->blocks[paths->count] = columns_round(blocks);
		paths->bytes[paths->count] = columns_round(query_real(query, 3));
		paths->cost[paths->count] = columns_round(query_real(query, 4));
		paths->live[paths->count] = columns_round(query_real(query, 5));
		paths->ns[paths->count] = blocks > 0 ? query_real(query, 4) / blocks : 0;
		if (!loader)
			*map_insert(&paths->map, key, NULL) = paths->count;
		paths->count++;
	}
	query_finish(query);
	return rc;
}

int
stack_paths_load_list(struct stack_paths *paths, struct query_db *db, struct err *err)
{
	*paths = (struct stack_paths){ .count = 0 };
	return paths_load_rows(paths, NULL, db, err);
}

int
stack_paths_load_tree(struct stack_paths *paths, struct query_db *db, struct err *err)
{
	struct paths_loader *loader = xcalloc(1, sizeof(*loader));
	int rc;

	*paths = (struct stack_paths){ .count = 0 };
	loader->paths = paths;
	rc = paths_load_modules(paths, db, err);
	if (rc == 0)
		rc = paths_load_frames(loader, db, err);
	if (rc == 0)
		rc = paths_load_stacks(loader, db, err);
	if (rc == 0) {
		paths_add_node(paths, 0, 0);
		rc = paths_load_rows(paths, loader, db, err);
	}
	map_release(&loader->rows);
	free(loader->row_list);
	free(loader->link_list);
	free(loader);
	return rc;
}

int
stack_paths_load(struct stack_paths *paths, struct query_db *db, struct err *err)
{
	int rc = stack_paths_load_tree(paths, db, err);

	return rc == 0 ? path_facts_load(paths, db, err) : rc;
}

static void
paths_texts_release(struct paths_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		free(texts->list[i]);
	free(texts->list);
	map_release(&texts->map);
}

void
stack_paths_release(struct stack_paths *paths)
{
	for (size_t i = 0; i < paths->build_id_count; i++)
		free(paths->build_ids[i]);
	free(paths->build_ids);
	paths_texts_release(&paths->names);
	paths_texts_release(&paths->files);
	paths_texts_release(&paths->modules);
	paths_texts_release(&paths->symbols);
	paths_texts_release(&paths->allocators);
	free(paths->frames.name);
	free(paths->frames.file);
	free(paths->frames.module);
	free(paths->frames.symbol);
	free(paths->frames.line);
	free(paths->frames.wrapper);
	free(paths->frames.startup);
	free(paths->frames.column);
	free(paths->frames.inlined);
	free(paths->parent);
	free(paths->frame);
	free(paths->site);
	free(paths->node);
	free(paths->blocks);
	free(paths->bytes);
	free(paths->cost);
	free(paths->live);
	free(paths->ns);
	free(paths->facts);
	map_release(&paths->map);
	*paths = (struct stack_paths){ .count = 0 };
}
