/* What all threads of a profile for Firefox's profiler share: texts, libraries, functions,
 * frames, stacks; and the categories, which are the verdicts. */
#ifndef EXPORT_FIREFOX_H
#define EXPORT_FIREFOX_H

#include <stddef.h>
#include <stdint.h>

#include "analyzer/util/map.h"

struct json;
struct stack_paths;

struct firefox_frame {
	uint32_t frame; /* of the paths */
	uint32_t category;
};

struct firefox_func {
	uint32_t name, file, module; /* of the paths' texts */
};

struct firefox_stack {
	int64_t prefix; /* -1: none */
	uint32_t frame; /* of firefox_tables.frames */
};

struct firefox_tables {
	const struct stack_paths *paths; /* the caller's */
	struct firefox_frame *frames;
	size_t frame_count, frame_cap;
	struct firefox_func *funcs;
	size_t func_count, func_cap;
	uint32_t *of_frame;           /* func, by frame of the paths */
	struct firefox_stack *stacks; /* first those of the paths' nodes but the root */
	size_t stack_count, stack_cap;
	struct map map;   /* to frames, stacks and funcs */
	int64_t *of_path; /* stack, by path; -1: it has none */
};

/* Innermost frames have the category of their path's site, all others none. Release them in
 * any case. */
void firefox_tables_make(struct firefox_tables *tables, const struct stack_paths *paths);
void firefox_tables_release(struct firefox_tables *tables);
/* Members of the object at hand: "libs" and "shared". */
void firefox_tables_write(const struct firefox_tables *tables, struct json *json);
/* "categories": a list of them, in the order of tree_verdicts, and one for no verdict. */
void firefox_categories_write(struct json *json);
/* A text of the program's, made harmless. */
void firefox_string(struct json *json, const char *text);

#endif
