/*
 * The allocating stacks of a database as columns: a tree of its frames, and the paths that
 * end in it. What the exports tree and cells say of a path by its number is of one order.
 */
#ifndef EXPORT_STACK_PATHS_H
#define EXPORT_STACK_PATHS_H

#include <stddef.h>
#include <stdint.h>

#include "analyzer/util/map.h"

struct err;
struct path_fact;
struct query_db;

/* SQL: of each site the number that reports give it: the least of those of the runs whose
 * function, place and module are the same. */
#define PATHS_SITES                                                                        \
	"(SELECT s.id, min(s.id) OVER (PARTITION BY f.function, f.file, f.line, f.column," \
	" m.path, s.pool) AS shown FROM site s LEFT JOIN frame f ON f.id = s.frame"        \
	" LEFT JOIN module m ON m.id = f.module)"

struct paths_texts {
	char **list;
	size_t count, cap;
	struct map map; /* key of the text -> number */
};

/* Columns of the frames that are on a path's stack. */
struct paths_frames {
	uint32_t *name, *file, *module, *symbol; /* of the texts */
	int64_t *line, *column;
	uint32_t *wrapper, *startup, *inlined; /* 1: it is */
	size_t count;
};

struct stack_paths {
	struct paths_texts names, files, modules, symbols, allocators;
	char **build_ids; /* by module: hex, "": unknown, or there are several */
	size_t build_id_count;
	struct paths_frames frames;
	uint32_t *parent, *frame; /* by node; 0 is the root, its own parent, without a frame */
	size_t node_count, node_cap, frame_cap;
	int64_t *site; /* by path, as reports number them */
	uint32_t *node;
	int64_t *blocks, *bytes, *cost, *live;
	double *ns; /* that one block of it costs */
	struct path_fact *facts;
	size_t count;
	struct map map; /* site(id) and stack(id) -> path; of the list alone */
};

/* Paths alone: without node, frames and texts. -1 and err set on failure; release it in any
 * case. */
int stack_paths_load_list(struct stack_paths *paths, struct query_db *db, struct err *err);
/* All but the facts. */
int stack_paths_load_tree(struct stack_paths *paths, struct query_db *db, struct err *err);
/* All of it, with what path_facts.h says. */
int stack_paths_load(struct stack_paths *paths, struct query_db *db, struct err *err);
void stack_paths_release(struct stack_paths *paths);
/* The number of a text, which is added where it is not there. */
uint32_t stack_paths_text(struct paths_texts *texts, const char *text);

#endif
