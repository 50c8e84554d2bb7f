#include "analyzer/escape/discover.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/escape/escape.h"
#include "analyzer/escape/wrappers.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/trace/definitions.h"
#include "analyzer/util/map.h"
#include "analyzer/util/xalloc.h"

enum {
	DISCOVER_LEVELS = 4, /* wrappers on top of each other */
	DISCOVER_PLACES = 8, /* more that allocate in one function: it is no wrapper */
};

/* A function, by name and module; what its blocks did. */
struct discover_function {
	uint32_t frame; /* one of it */
	uint32_t calls;
	uint32_t callers;
	uint32_t sizes;
	uint64_t blocks;
	uint32_t pcs[DISCOVER_PLACES]; /* that allocate, where it is not inlined */
	uint32_t pc_count;             /* may be more than these */
	uint64_t inside;               /* blocks that may have been freed in it */
	bool proved;                   /* one is proved to have been */
	bool outer;                    /* it called a function of its own that allocates */
	bool is_wrapper;               /* known before */
	bool is_found;
};

/* Where a path's allocating function stands, found wrappers skipped. */
struct discover_place {
	uint32_t node;
	uint32_t index;
	uint32_t frame;
	uint32_t caller; /* frame; 0: none */
	uint32_t level;  /* found wrappers that were skipped */
};

struct discover {
	struct escape *escape;
	const struct logical *logical;
	uint32_t *function_of; /* by frame */
	struct discover_function *functions;
	uint32_t function_count;
	struct discover_place *places; /* by path */
	bool *outer;                   /* by node: all its frames are */
	struct map seen;               /* (function, kind and value) */
};

enum discover_kind { DISCOVER_CALL, DISCOVER_CALLER, DISCOVER_SIZE, DISCOVER_PC };

static void
discover_name_functions(struct discover *discover)
{
	const struct logical *logical = discover->logical;
	struct map names = { 0 };
	struct map_key key;
	const struct logical_frame *frame;
	uint64_t *number;
	bool fresh;
	uint32_t i;

	discover->function_of =
	    xcalloc((size_t)logical->frame_count + 1, sizeof(*discover->function_of));
	discover->functions =
	    xcalloc((size_t)logical->frame_count + 1, sizeof(*discover->functions));
	for (i = 1; i <= logical->frame_count; i++) {
		frame = &logical->frames[i];
		key = map_key_of(
		    (struct map_key){ 0, frame->module }, frame->function, strlen(frame->function));
		number = map_insert(&names, key, &fresh);
		if (fresh) {
			*number = discover->function_count++;
			discover->functions[*number].frame = i;
			discover->functions[*number].is_wrapper = frame->wrapper;
		}
		discover->function_of[i] = (uint32_t)*number;
	}
	map_release(&names);
}

static const struct logical_place *
discover_place(const struct discover *discover, uint32_t node)
{
	struct logical_places *places = &discover->escape->places;

	return logical_places_get(places, places->definitions->nodes[node].pc);
}

/* The frame around frame `index` of the node's place; false: there is none. */
static bool
discover_outward(const struct discover *discover, uint32_t *node, uint32_t *index)
{
	if (++*index < discover_place(discover, *node)->place->count)
		return true;
	*index = 0;
	*node = discover->escape->places.definitions->nodes[*node].parent;
	return *node != 0;
}

static struct discover_function *
discover_function(const struct discover *discover, uint32_t frame)
{
	return &discover->functions[discover->function_of[frame]];
}

static uint32_t
discover_frame(const struct discover *discover, uint32_t node, uint32_t index)
{
	return discover_place(discover, node)->frames[index];
}

/* The innermost frame of a path that is no wrapper, nor one that was found. */
static void
discover_locate(struct discover *discover, uint32_t number)
{
	const struct definitions_node *nodes = discover->escape->places.definitions->nodes;
	const struct escape_path *path = &discover->escape->paths[number];
	struct discover_place *place = &discover->places[number];
	uint32_t node = path->node, index = path->index;
	const struct discover_function *function;

	*place = (struct discover_place){ 0 };
	while (node != 0 && nodes[node].depth > path->depth)
		node = nodes[node].parent;
	if (node == 0)
		return;
	for (;;) {
		place->frame = discover_frame(discover, node, index);
		place->node = node;
		place->index = index;
		function = discover_function(discover, place->frame);
		if (!function->is_wrapper && !function->is_found)
			break;
		place->level += !function->is_wrapper;
		if (!discover_outward(discover, &node, &index)) {
			place->frame = 0;
			return;
		}
	}
	if (discover_outward(discover, &node, &index))
		place->caller = discover_frame(discover, node, index);
}

/* What stands around the function that allocates calls one that allocates. */
static void
discover_mark_outer(struct discover *discover, const struct discover_place *place)
{
	const struct definitions_node *nodes = discover->escape->places.definitions->nodes;
	const struct logical_place *frames = discover_place(discover, place->node);
	uint32_t node = place->node;
	size_t i = place->index + 1;

	for (;; i = 0) {
		for (; i < frames->place->count; i++)
			discover_function(discover, frames->frames[i])->outer = true;
		node = nodes[node].parent;
		if (node == 0 || discover->outer[node])
			break;
		discover->outer[node] = true;
		frames = discover_place(discover, node);
	}
}

static bool
discover_is_new(
    struct discover *discover, uint32_t function, enum discover_kind kind, uint64_t value)
{
	struct map_key key = { (uint64_t)function << 2 | kind, value };
	bool fresh;

	map_insert(&discover->seen, key, &fresh);
	return fresh;
}

/* The call of a function that is there itself, not inlined. */
static void
discover_count_place(struct discover *discover, uint32_t id, const struct discover_place *place)
{
	struct discover_function *function = &discover->functions[id];
	uint32_t pc = discover->escape->places.definitions->nodes[place->node].pc;

	if (place->index + 1 < discover_place(discover, place->node)->place->count ||
	    !discover_is_new(discover, id, DISCOVER_PC, pc))
		return;
	if (function->pc_count < DISCOVER_PLACES)
		function->pcs[function->pc_count] = pc;
	function->pc_count++;
}

static void
discover_count_path(struct discover *discover, uint32_t number)
{
	const struct escape_path *path = &discover->escape->paths[number];
	const struct discover_place *place = &discover->places[number];
	uint32_t id = discover->function_of[place->frame];
	struct discover_function *function = &discover->functions[id];
	unsigned i;

	for (i = 0; i < FATE_COUNT; i++)
		function->blocks += path->facts.fates[i];
	function->inside += path->facts.fates[FATE_CENSORED];
	discover_count_place(discover, id, place);
	function->calls += discover_is_new(discover, id, DISCOVER_CALL, place->caller);
	function->callers +=
	    discover_is_new(discover, id, DISCOVER_CALLER, discover->function_of[place->caller]);
	function->sizes += discover_is_new(discover, id, DISCOVER_SIZE, path->facts.size_min);
	function->sizes += discover_is_new(discover, id, DISCOVER_SIZE, path->facts.size_max);
}

static void
discover_count_pair(struct discover *discover, const struct escape_pair *pair)
{
	const struct discover_place *place = &discover->places[pair->path];
	struct discover_function *function;

	if (place->frame == 0 || pair->distance > place->level)
		return;
	function = discover_function(discover, place->frame);
	if (pair->main == FATE_THREAD)
		return;
	function->inside += pair->way_counts[ESCAPE_WAY_MAIN];
	if (pair->proved > 0)
		function->proved = true;
}

static void
discover_survey(struct discover *discover)
{
	const struct escape *escape = discover->escape;
	uint32_t i;

	memset(discover->outer, 0, (size_t)escape->places.definitions->node_count + 1);
	for (i = 0; i < discover->function_count; i++)
		discover->functions[i] = (struct discover_function){
			.frame = discover->functions[i].frame,
			.is_wrapper = discover->functions[i].is_wrapper,
			.is_found = discover->functions[i].is_found,
		};
	for (i = 0; i < escape->path_count; i++) {
		discover_locate(discover, i);
		if (discover->places[i].frame == 0)
			continue;
		discover_mark_outer(discover, &discover->places[i]);
		if (discover->places[i].caller != 0)
			discover_count_path(discover, i);
	}
	for (i = 0; i < escape->pair_count; i++)
		discover_count_pair(discover, &escape->pairs[i]);
}

/* "Matrix::Matrix" makes a thing of its own. */
static bool
discover_is_constructor(const char *name)
{
	const char *last = strrchr(name, ':');
	size_t len;

	if (last == NULL || last - name < 3)
		return false;
	len = strlen(last + 1);
	last--;
	return (size_t)(last - name) >= len && memcmp(last - len, last + 2, len) == 0 &&
	    (last - len == name || last[-(ptrdiff_t)len - 1] == ':');
}

/* Of a file that nobody could read, a place is no function. */
static bool
discover_is_function(const struct logical *logical, const struct logical_frame *frame)
{
	switch (symbol_module_state(logical->symbol, frame->module - 1)) {
	case SYMBOL_MISSING:
	case SYMBOL_MISMATCH:
	case SYMBOL_UNREADABLE:
	case SYMBOL_FAILED: return false;
	case SYMBOL_UNUSED:
	case SYMBOL_DWARF:
	case SYMBOL_SPLIT:
	case SYMBOL_SYMTAB:
	case SYMBOL_PARTIAL:
	default: return strcmp(frame->function, "??") != 0;
	}
}

static bool
discover_holds(const struct discover *discover, const struct discover_function *function,
    const struct wrappers *wrappers)
{
	const struct logical_frame *frame = &discover->logical->frames[function->frame];

	return !function->is_wrapper && !function->is_found && !function->outer &&
	    !function->proved && function->calls >= DISCOVER_CALLS &&
	    function->callers >= DISCOVER_CALLERS && function->sizes >= DISCOVER_SIZES &&
	    function->blocks >= DISCOVER_BLOCKS && function->inside * 20 <= function->blocks &&
	    !frame->startup && discover_is_function(discover->logical, frame) &&
	    !discover_is_constructor(frame->function) &&
	    wrappers_may_be(wrappers, frame->function) && function->pc_count > 0 &&
	    function->pc_count <= DISCOVER_PLACES &&
	    !steps_may_skip(&discover->escape->steps, function->pcs, function->pc_count);
}

/* One level: what calls malloc, or what was found on the levels below. */
static size_t
discover_level(struct discover *discover, struct wrappers *wrappers)
{
	struct discover_function *function = discover->functions;
	const struct logical_frame *frame;
	size_t count = 0;
	uint32_t i;

	discover_survey(discover);
	for (i = 0; i < discover->function_count; i++, function++) {
		if (!discover_holds(discover, function, wrappers))
			continue;
		function->is_found = true;
		frame = &discover->logical->frames[function->frame];
		wrappers_add_found(
		    wrappers, frame->function, discover->logical->modules[frame->module].path);
		count++;
	}
	map_release(&discover->seen);
	discover->seen = (struct map){ 0 };
	return count;
}

size_t
discover_wrappers(struct escape *escape, struct wrappers *wrappers)
{
	struct discover discover = { .escape = escape, .logical = escape->places.logical };
	size_t count = 0, more;
	int level;

	discover_name_functions(&discover);
	discover.places = xcalloc((size_t)escape->path_count + 1, sizeof(*discover.places));
	discover.outer =
	    xcalloc((size_t)escape->places.definitions->node_count + 1, sizeof(*discover.outer));
	for (level = 0; level < DISCOVER_LEVELS; level++) {
		more = discover_level(&discover, wrappers);
		count += more;
		if (more == 0)
			break;
	}
	free(discover.function_of);
	free(discover.functions);
	free(discover.places);
	free(discover.outer);
	return count;
}
