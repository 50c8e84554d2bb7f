#include "analyzer/escape/escape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/escape/containers.h"
#include "analyzer/escape/wrappers.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/trace/budget.h"
#include "analyzer/trace/definitions.h"
#include "analyzer/util/xalloc.h"
#include "preload/record.h"

void
escape_init(struct escape *escape, const struct escape_options *options, struct logical *logical,
    const struct definitions *definitions)
{
	*escape = (struct escape){ .options = *options };
	logical_places_init(&escape->places, logical, definitions);
	steps_init(&escape->steps, &escape->places);
	escape->node_path =
	    xcalloc((size_t)definitions->node_count + 1, sizeof(*escape->node_path));
}

static void
escape_release_found(struct escape *escape)
{
	uint32_t i;

	for (i = 0; i < escape->site_count; i++) {
		histogram_release(&escape->sites[i].sizes);
		histogram_release(&escape->sites[i].lives);
		grid_release(&escape->sites[i].grid);
	}
	free(escape->sites);
	free(escape->paths);
	free(escape->pairs);
	free(escape->node_path);
	map_release(&escape->site_map);
	map_release(&escape->pair_map);
	map_release(&escape->thread_map);
}

void
escape_release(struct escape *escape)
{
	escape_release_found(escape);
	steps_release(&escape->steps);
	logical_places_release(&escape->places);
}

void
escape_reset(struct escape *escape)
{
	struct escape fresh = {
		.options = escape->options,
		.places = escape->places,
		.steps = escape->steps,
	};

	escape_release_found(escape);
	*escape = fresh;
	escape->steps.places = &escape->places;
	escape->node_path =
	    xcalloc((size_t)escape->places.definitions->node_count + 1, sizeof(*escape->node_path));
}

static const struct logical_frame *
escape_frame(const struct escape *escape, uint32_t frame)
{
	return &escape->places.logical->frames[frame];
}

static const struct logical_place *
escape_node_place(struct escape *escape, uint32_t node)
{
	return logical_places_get(&escape->places, escape->places.definitions->nodes[node].pc);
}

static bool
escape_same_line(const struct logical_frame *a, const struct logical_frame *b)
{
	return a->line != 0 && a->line == b->line && a->column == b->column &&
	    a->module == b->module && strcmp(a->function, b->function) == 0 &&
	    strcmp(a->file, b->file) == 0;
}

static uint32_t
escape_new_site(struct escape *escape, uint32_t frame, uint32_t pool)
{
	escape->sites = xgrow(escape->sites, &escape->site_cap, (size_t)escape->site_count + 1,
	    sizeof(*escape->sites));
	escape->sites[escape->site_count] = (struct escape_site){
		.frame = frame,
		.pool = pool,
		.facts.stack_limit = escape->options.stack_limit,
		.facts.size_min = UINT64_MAX,
		.life_min = UINT64_MAX,
	};
	histogram_coarsen(&escape->sites[escape->site_count].lives, ESCAPE_LIFE_FINE);
	return escape->site_count++;
}

/* One line is one site, whether it was inlined somewhere or not, but for each pool another.
 * UINT32_MAX: there is no room for it. */
static uint32_t
escape_site_of(struct escape *escape, uint32_t frame, uint32_t pool, struct budget *budget)
{
	const struct logical_frame *wanted = escape_frame(escape, frame);
	struct map_key key = { (uint64_t)wanted->line << 32 | wanted->column,
		(uint64_t)wanted->module << 32 };
	const uint64_t *number;
	struct escape_site *site;

	/* without a line, every call site is its own */
	if (wanted->line == 0)
		key.lo |= frame;
	for (; (number = map_find(&escape->site_map, key)) != NULL; key.lo++) {
		site = &escape->sites[*number];
		if (site->pool == pool &&
		    (site->frame == frame ||
			escape_same_line(wanted, escape_frame(escape, site->frame))))
			return (uint32_t)*number;
	}
	if (!budget_take(budget, BUDGET_SITE))
		return UINT32_MAX;
	*map_insert(&escape->site_map, key, NULL) = escape->site_count;
	return escape_new_site(escape, frame, pool);
}

/*
 * The function at node is a piece that gcc took out of the one that called it, which alone
 * calls it (partial inlining): both are one activation. One piece that calls the other may be
 * the next of a recursion.
 */
static bool
escape_is_piece(struct escape *escape, uint32_t node)
{
	static const char part[] = ".part.";
	uint32_t parent = escape->places.definitions->nodes[node].parent;
	const struct logical_place *place = escape_node_place(escape, node);
	const struct logical_frame *piece, *rest;
	size_t length;

	piece = escape_frame(escape, place->frames[place->place->count - 1]);
	if (parent == 0 || strstr(piece->symbol, part) == NULL)
		return false;
	rest = escape_frame(escape, escape_node_place(escape, parent)->frames[0]);
	length = strcspn(piece->symbol, ".");
	return !rest->tail && piece->module == rest->module &&
	    strcspn(rest->symbol, ".") == length &&
	    strncmp(piece->symbol, rest->symbol, length) == 0 && strstr(rest->symbol, part) == NULL;
}

/* Innermost logical frame that is no wrapper; if all are, the innermost. The function that
 * tells of a pool's block allocates for its caller, where it has one, and is known: without
 * lines it may be that caller, inlined. */
static uint32_t
escape_find_site(struct escape *escape, struct escape_path *path)
{
	const struct definitions_node *nodes = escape->places.definitions->nodes;
	const struct logical_place *place;
	uint32_t node, i, inside = 0;
	uint32_t frame = escape_node_place(escape, path->node)->frames[0];
	bool tells = path->pool != 0;

	path->index = 0;
	path->depth = nodes[path->node].depth;
	path->site_levels = path->levels;
	for (node = path->node; node != 0; node = nodes[node].parent) {
		place = escape_node_place(escape, node);
		for (i = 0; i < place->place->count; i++) {
			const struct logical_frame *one = escape_frame(escape, place->frames[i]);

			if (one->wrapper)
				continue;
			path->depth = nodes[node].depth;
			path->index = i;
			path->site_levels = path->levels - inside - i;
			if (i + 1 == place->place->count && escape_is_piece(escape, node))
				path->site_levels--;
			frame = place->frames[i];
			if (!tells || one->line == 0)
				return frame;
			tells = false;
		}
		inside += (uint32_t)place->place->count;
	}
	return frame;
}

/* UINT32_MAX: there is no room for it. Blocks without a stack always have a path. */
static uint32_t
escape_new_path(struct escape *escape, uint32_t node, uint32_t levels, uint32_t pool)
{
	struct escape_path path = { .node = node,
		.pool = pool,
		.next = escape->node_path[node],
		.levels = levels,
		.facts.size_min = UINT64_MAX };
	struct budget *budget = node != 0 ? escape->options.budget : NULL;
	uint32_t frame;

	if (!budget_take(budget, BUDGET_PATH))
		return UINT32_MAX;
	frame =
	    node != 0 ? escape_find_site(escape, &path) : logical_nowhere(escape->places.logical);
	path.site = escape_site_of(escape, frame, pool, budget);
	if (path.site == UINT32_MAX)
		return UINT32_MAX;
	escape->paths = xgrow(escape->paths, &escape->path_cap, (size_t)escape->path_count + 1,
	    sizeof(*escape->paths));
	escape->paths[escape->path_count] = path;
	escape->node_path[node] = ++escape->path_count;
	return escape->path_count - 1;
}

static const char *
escape_kind_name(uint8_t kind)
{
	static const char *const names[] = {
		[ESC_EVENT_MALLOC] = "malloc",
		[ESC_EVENT_CALLOC] = "calloc",
		[ESC_EVENT_REALLOC] = "realloc",
		[ESC_EVENT_REALLOCARRAY] = "reallocarray",
		[ESC_EVENT_MEMALIGN] = "memalign",
		[ESC_EVENT_POSIX_MEMALIGN] = "posix_memalign",
		[ESC_EVENT_ALIGNED_ALLOC] = "aligned_alloc",
		[ESC_EVENT_VALLOC] = "valloc",
		[ESC_EVENT_PVALLOC] = "pvalloc",
		[ESC_EVENT_POOL_ALLOCATE] = "esc_pool_allocate",
	};

	return names[kind];
}

static inline uint32_t
escape_path_of(struct escape *escape, uint32_t node, uint32_t levels, uint32_t pool)
{
	uint32_t path = escape->node_path[node];

	while (path != 0 && escape->paths[path - 1].pool != pool)
		path = escape->paths[path - 1].next;
	return path != 0 ? path - 1 : escape_new_path(escape, node, levels, pool);
}

/* What the frame says of a block that is allocated inside of it. */
static void
escape_tell_frame(struct escape *escape, struct logical_frame *frame)
{
	const char *module = escape->places.logical->modules[frame->module].path;
	const char *name = frame->function;

	frame->container =
	    containers_find(&(struct wrappers_function){ name, frame->symbol, module });
	if (wrappers_is_c_library(module))
		name = containers_public(name);
	if (name[0] != '_' && name[0] != '?' && strpbrk(name, ":+<") == NULL)
		frame->called = name;
	frame->told = true;
}

/* What one more of the wrappers says of it, further out than those before. */
static void
escape_name_frame(struct escape *escape, struct escape_path *path, uint32_t number)
{
	struct logical_frame *frame = &escape->places.logical->frames[number];

	if (!frame->told)
		escape_tell_frame(escape, frame);
	if (frame->container != NULL)
		path->container = frame->container;
	if (frame->called != NULL)
		path->allocator = frame->called;
}

/* What people call it: the outermost wrapper with a plain name, which is the one
 * that stands in the site's source; NULL: the hook's own name. And what it is a part
 * of: as the outermost wrapper says that says something. */
static void
escape_name_path(struct escape *escape, struct escape_path *path)
{
	const struct definitions_node *nodes = escape->places.definitions->nodes;
	const struct logical_place *place;
	uint32_t node, i;

	for (node = path->node; node != 0 && path->site_levels > 0; node = nodes[node].parent) {
		place = escape_node_place(escape, node);
		for (i = 0; i < place->place->count; i++) {
			if (nodes[node].depth == path->depth && i == path->index)
				return;
			escape_name_frame(escape, path, place->frames[i]);
		}
	}
}

static bool
escape_is_aligned(uint8_t kind)
{
	return kind == ESC_EVENT_MEMALIGN || kind == ESC_EVENT_POSIX_MEMALIGN ||
	    kind == ESC_EVENT_ALIGNED_ALLOC;
}

/* The name without arguments does not tell which of C++'s it was, and whoever makes a variable
 * of it must know. */
static const char *
escape_aligned_name(const char *name)
{
	if (strcmp(name, "operator new") == 0)
		return "aligned operator new";
	return strcmp(name, "operator new[]") == 0 ? "aligned operator new[]" : name;
}

static const char *
escape_allocator_name(struct escape *escape, const struct model_block *block)
{
	struct escape_path *path = &escape->paths[block->tag];

	if (!path->named) {
		escape_name_path(escape, path);
		path->named = true;
	}
	if (path->allocator == NULL)
		return escape_kind_name(block->kind);
	return escape_is_aligned(block->kind) ? escape_aligned_name(path->allocator)
					      : path->allocator;
}

/* The place of the name in the site's, + 1. The first few are counted; 0: one that
 * is rare, which does not matter. */
static uint8_t
escape_find_allocator(
    struct escape *escape, struct escape_site *site, const struct model_block *block)
{
	const char *name = escape_allocator_name(escape, block);
	size_t i;

	for (i = 0; i < ESCAPE_ALLOCATORS; i++) {
		if (site->allocators[i].name == NULL)
			site->allocators[i].name = name;
		if (strcmp(site->allocators[i].name, name) == 0)
			return (uint8_t)(i + 1);
	}
	return 0;
}

static inline void
escape_count_allocator(struct escape *escape, struct escape_site *site, struct escape_path *path,
    const struct model_block *block)
{
	if (path->last_kind != block->kind) {
		path->last_kind = block->kind;
		path->last_allocator = escape_find_allocator(escape, site, block);
	}
	if (path->last_allocator != 0)
		site->allocators[path->last_allocator - 1].calls++;
}

void
escape_realloced(struct escape *escape, uint32_t tag)
{
	escape->sites[escape->paths[tag].site].facts.reallocs++;
	escape->paths[tag].facts.reallocs++;
}

/* The number of the name of the block's pool, that of an unknown one behind the last; 0: it
 * has none. */
static inline uint32_t
escape_pool(const struct escape *escape, const struct model_block *block)
{
	const struct definitions *all = escape->places.definitions;
	uint32_t pool;

	if (__builtin_expect(block->kind != ESC_EVENT_POOL_ALLOCATE, 1))
		return 0;
	pool = definitions_pool(all, block->pool);
	return pool != 0 ? pool : all->pool_names.count + 1;
}

void
escape_begin(struct escape *escape, struct model_block *block)
{
	uint32_t pool = escape_pool(escape, block);

	block->tag = escape_path_of(escape, block->node, block->levels, pool);
	if (block->tag == UINT32_MAX) {
		block->node = block->levels = 0;
		block->tag = escape_path_of(escape, 0, 0, pool);
	}
	/* what realloc makes of another site's block can be no local variable either */
	if (escape->chained != 0 &&
	    escape->paths[escape->chained - 1].site != escape->paths[block->tag].site)
		escape_realloced(escape, block->tag);
	escape->chained = 0;
}

void
escape_chain(struct escape *escape, uint32_t tag)
{
	escape->chained = tag + 1;
}

/* Where the level stands that has `levels` - 1 outside of it, on a stack of as
 * many as the path has: the node of its physical frame; *index: in its place. */
static uint32_t
escape_level(struct escape *escape, const struct escape_path *path, uint32_t levels, size_t *index)
{
	const struct definitions_node *nodes = escape->places.definitions->nodes;
	uint32_t node = path->node, outside = path->levels, count;

	for (;; node = nodes[node].parent) {
		count = (uint32_t)escape_node_place(escape, node)->place->count;
		outside -= count;
		if (levels > outside || nodes[node].parent == 0)
			break;
	}
	*index = levels > outside ? count - (levels - outside) : count - 1;
	return node;
}

uint32_t
escape_callers(
    struct escape *escape, const struct escape_path *path, uint32_t *frames, uint32_t most)
{
	const struct definitions_node *nodes = escape->places.definitions->nodes;
	uint32_t left = path->site_levels, count = 0, node;
	const struct logical_place *place;
	const struct logical_frame *frame;
	size_t index;

	if (left == 0)
		return 0;
	node = escape_level(escape, path, left, &index);
	place = escape_node_place(escape, node);
	while (--left > 0 && count < most) {
		if (++index == place->place->count) {
			node = nodes[node].parent;
			place = escape_node_place(escape, node);
			index = 0;
		}
		frame = escape_frame(escape, place->frames[index]);
		if (frame->startup)
			break;
		if (!frame->wrapper)
			frames[count++] = place->frames[index];
	}
	return count;
}

/* Non-wrapper frames from the site (not counted) out to the owner (counted). */
static uint32_t
escape_distance(struct escape *escape, const struct escape_path *path, uint32_t levels)
{
	const struct definitions_node *nodes = escape->places.definitions->nodes;
	uint32_t left = path->site_levels - levels, count = 0;
	size_t index;
	uint32_t node = escape_level(escape, path, path->site_levels, &index);
	const struct logical_place *place = escape_node_place(escape, node);

	while (left-- > 0) {
		bool piece = false;

		if (++index == place->place->count) {
			piece = escape_is_piece(escape, node);
			node = nodes[node].parent;
			place = escape_node_place(escape, node);
			index = 0;
		}
		count += !piece && !escape_frame(escape, place->frames[index])->wrapper;
	}
	/* an owner that is a wrapper outside the site is still outside */
	return count > 0 ? count : 1;
}

static void
escape_find_owner(struct escape *escape, struct escape_pair *pair, const struct model_end *end)
{
	const struct escape_path *path = &escape->paths[pair->path];
	const struct logical_place *place;
	uint32_t levels = end->shared > 0 ? end->shared : 1;
	size_t index;

	if (levels >= path->site_levels && end->shared > 0) {
		pair->owner = escape->sites[path->site].frame;
		return;
	}
	place = escape_node_place(escape, escape_level(escape, path, levels, &index));
	pair->owner = place->frames[index];
	pair->distance = escape_distance(escape, path, levels);
	/* even the outermost function was another activation */
	pair->far = place->place->startup || end->shared == 0;
}

/* The pair of those that there was no room for another one for. */
static uint32_t
escape_lost_pair(struct escape *escape, uint32_t tag)
{
	struct escape_path *path = &escape->paths[tag];

	if (path->lost_pair != 0)
		return path->lost_pair - 1;
	escape->pairs =
	    xgrow(escape->pairs, &escape->pair_cap, escape->pair_count + 1, sizeof(*escape->pairs));
	escape->pairs[escape->pair_count] =
	    (struct escape_pair){ .path = tag, .main = FATE_THREAD, .lost = true };
	path->lost_pair = ++escape->pair_count;
	return escape->pair_count - 1;
}

/* A pair that is not the one that the path's last block was in. */
static uint32_t
escape_other_pair(struct escape *escape, const struct model_end *end, uint64_t how)
{
	struct map_key key = { (uint64_t)end->block->tag << 32 | end->node, how };
	struct escape_pair *pair;
	const uint64_t *number = map_find(&escape->pair_map, key);

	if (number != NULL)
		return (uint32_t)*number;
	if (!budget_take(escape->options.budget, BUDGET_PAIR))
		return escape_lost_pair(escape, end->block->tag);
	*map_insert(&escape->pair_map, key, NULL) = escape->pair_count++;
	escape->pairs =
	    xgrow(escape->pairs, &escape->pair_cap, escape->pair_count, sizeof(*escape->pairs));
	pair = &escape->pairs[escape->pair_count - 1];
	*pair =
	    (struct escape_pair){ .path = end->block->tag, .node = end->node, .main = FATE_THREAD };
	if (end->outcome == MODEL_FREED) {
		escape_find_owner(escape, pair, end);
		pair->main = pair->distance == 0 ? FATE_LOCAL : FATE_UP;
	}
	return escape->pair_count - 1;
}

static inline struct escape_pair *
escape_pair_of(struct escape *escape, struct escape_path *path, const struct model_end *end)
{
	uint64_t how = end->outcome == MODEL_FREED
	    ? (uint64_t)end->shared << 2 | (uint64_t)end->tail << 1 | 1
	    : 0;

	/* most blocks of a path end as the one before did */
	if (path->last_key != how + 1 || path->last_node != end->node) {
		path->last_pair = escape_other_pair(escape, end, how);
		path->last_key = how + 1;
		path->last_node = end->node;
	}
	return &escape->pairs[path->last_pair];
}

static bool
escape_far(const struct escape_pair *pair)
{
	return pair->far || pair->distance > VERDICT_UP_MAX;
}

/*
 * Inside the site it makes no difference which of its frames is the owner. But where
 * the site called through a pointer, the function that it called may have left by
 * a jump: that one may be the true site, which the block escaped.
 */
static bool
escape_proved(const struct escape_path *path, const struct model_end *end)
{
	if (end->block->pointer && end->shared >= path->site_levels)
		return false;
	return end->proved >= end->shared || end->proved >= path->site_levels;
}

/* Whether what is only presumed of the owner has something against it. Far out
 * it makes no difference: the true owner can only be farther. */
static bool
escape_doubtful(const struct escape_path *path, const struct escape_pair *pair,
    const struct model_end *end, enum model_why *why)
{
	if (escape_proved(path, end) || escape_far(pair))
		return false;
	if (end->tail)
		*why = MODEL_WHY_TAIL;
	else if (end->backward)
		*why = MODEL_WHY_BACKWARD;
	else if (end->gapped)
		*why = MODEL_WHY_GAP;
	else if (end->bare && pair->distance == 0)
		*why = MODEL_WHY_STACK;
	else
		return false;
	return true;
}

static enum fate
escape_judge(const struct escape *escape, const struct escape_pair *pair,
    const struct model_end *end, enum model_why *why)
{
	const struct escape_path *path = &escape->paths[pair->path];

	*why = end->why;
	if (pair->lost && end->outcome != MODEL_UNKNOWN)
		*why = MODEL_WHY_RECORD;
	if (pair->lost)
		return FATE_UNKNOWN;
	switch (end->outcome) {
	case MODEL_OTHER_THREAD: return FATE_THREAD;
	case MODEL_LIVE:
		return path->site_levels > 0 && end->shared >= path->site_levels ? FATE_CENSORED
										 : FATE_LIVE;
	case MODEL_FREED:
		if (escape_doubtful(path, pair, end, why))
			return FATE_UNKNOWN;
		return pair->main;
	case MODEL_UNKNOWN: break;
	}
	return FATE_UNKNOWN;
}

static void
escape_count_thread(struct escape *escape, struct escape_site *site, uint32_t thread)
{
	struct map_key key = { (uint64_t)(site - escape->sites), thread };
	bool fresh;

	if (site->last_thread == thread + 1)
		return;
	site->last_thread = thread + 1;
	map_insert(&escape->thread_map, key, &fresh);
	site->threads += fresh;
}

/* Few activations of a site's owner are at work at once. A presumed one that
 * stepped backward may be the next: counted so, or blocks of many activations
 * would pass for many blocks of one. Of blocks that lived at the same time it is
 * the same: it had not returned yet when the first ended, nor before the second began. */
static void
escape_count_activation(struct escape_site *site, const struct model_end *end)
{
	struct escape_recent *recent = &site->recent[end->activation % ESCAPE_RECENT];

	if (!recent->used || recent->activation != end->activation ||
	    (recent->epoch != end->epoch && end->block->begin >= recent->end))
		site->facts.activations++;
	*recent = (struct escape_recent){ end->activation, end->epoch, end->time, true };
}

static void
escape_count_size(struct escape_site *site, uint64_t size, double weight)
{
	histogram_add(&site->sizes, size, weight);
	if (!site->rounded && site->sizes.count > ESCAPE_SIZES) {
		histogram_coarsen(&site->sizes, ESCAPE_SIZE_FINE);
		site->rounded = true;
	}
}

/* ns; of a live one until the last event. */
static inline uint64_t
escape_life(const struct escape *escape, const struct model_end *end)
{
	double ticks = end->time > end->block->begin ? (double)(end->time - end->block->begin) : 0;
	double life = ticks * escape->options.tick_ns;

	/* what a damaged header makes of it no integer need hold */
	if (!(life > 0))
		return 0;
	return life < 0x1p63 ? (uint64_t)life : INT64_MAX;
}

/* Of a block that was not freed. */
static void
escape_count_live(struct escape *escape, struct escape_path *path, const struct model_end *end)
{
	double weight = (double)end->block->weight;
	double life = (double)escape_life(escape, end);

	path->live_bytes += weight * (double)end->block->size;
	path->life += weight * life;
	path->life_squares += weight * life * life;
}

/* Returns its octave. */
static uint8_t
escape_count_life(struct escape *escape, struct escape_site *site, struct escape_path *path,
    const struct model_end *end)
{
	double weight = (double)end->block->weight;
	uint64_t life = escape_life(escape, end);

	path->life += weight * (double)life;
	path->life_squares += weight * (double)life * (double)life;
	if (life < site->life_min)
		site->life_min = life;
	if (life > site->life_max)
		site->life_max = life;
	histogram_add(&site->lives, life, weight);
	return grid_octave(life);
}

static void
escape_count_cost(struct escape *escape, struct escape_site *site, const struct model_end *end)
{
	/* Large blocks cost more, and are sampled more often. */
	double weight = (double)end->block->weight;

	if (end->block->timed) {
		site->timed++;
		site->timed_allocate += weight;
		site->cost_allocate += weight * end->block->cost * escape->options.tick_ns;
	}
	if (end->timed) {
		site->timed++;
		site->timed_free += weight;
		site->cost_free += weight * end->cost * escape->options.tick_ns;
	}
}

static bool
escape_evident(const struct escape_path *path, const struct model_end *end, enum fate fate)
{
	return fate == FATE_THREAD || fate == FATE_LIVE ||
	    ((fate == FATE_LOCAL || fate == FATE_UP) && escape_proved(path, end));
}

static void
escape_count_example(struct escape_site *site, const struct model_end *end, enum fate fate)
{
	site->example[fate] = true;
	site->example_node[fate] = end->node;
	if (fate == FATE_LIVE || fate == FATE_CENSORED || end->node == 0)
		site->example_node[fate] = end->block->node;
}

/* What the same would have come to without marks. */
static void
escape_audit(struct escape *escape, struct escape_site *site, const struct escape_path *path,
    const struct model_end *end)
{
	struct escape_audit *audit = &escape->audit;
	bool local = end->presumed_shared >= path->site_levels;

	if (end->outcome != MODEL_FREED || path->site_levels == 0)
		return;
	audit->freed++;
	audit->local += local;
	if (local && end->shared < path->site_levels) {
		audit->wrong++;
		site->caught++;
	}
	audit->proved += end->presumed_proved >= end->presumed_shared;
	audit->proved_wrong += end->presumed_proved > end->shared;
	audit->over_wrong += end->presumed_shared < end->proved;
}

/* A block that stands for others. */
static void
escape_weigh(struct escape_site *site, struct escape_path *path, struct escape_pair *pair,
    const struct model_block *block, enum fate fate)
{
	double weight = (double)block->weight, size = (double)block->size;
	double variance = weight * (weight - 1);

	pair->way_weights[escape_way(fate)] += weight - 1;
	path->bytes += (weight - 1) * size;
	estimate_add_beyond(&site->blocks, 1, weight);
	estimate_add_beyond(&site->bytes, size, weight);
	site->covariance += variance * size;
	site->squares += variance * variance;
}

/* What a block adds whatever became of it. */
static inline void
escape_count_block(struct escape_site *site, struct escape_path *path, struct escape_pair *pair,
    const struct model_block *block, enum fate fate)
{
	pair->way_counts[escape_way(fate)]++;
	path->seen += (double)block->size;
	if (block->size < path->facts.size_min)
		path->facts.size_min = block->size;
	if (block->size > path->facts.size_max)
		path->facts.size_max = block->size;
	if (block->weight > 1)
		escape_weigh(site, path, pair, block, fate);
	escape_count_size(site, block->size, (double)block->weight);
}

struct escape_fate
escape_end(struct escape *escape, const struct model_end *end, uint32_t thread)
{
	const struct model_block *block = end->block;
	struct escape_path *path = &escape->paths[block->tag];
	struct escape_pair *pair = escape_pair_of(escape, path, end);
	struct escape_site *site = &escape->sites[path->site];
	enum model_why why;
	enum fate fate = escape_judge(escape, pair, end, &why);
	bool proved = escape_evident(path, end, fate);
	uint64_t activations = site->facts.activations;
	uint8_t life = GRID_NO_LIFE;

	escape_count_block(site, path, pair, block, fate);
	pair->proved += proved && fate != FATE_LIVE;
	if (fate == FATE_UNKNOWN)
		site->whys[why]++;
	if (fate == FATE_LOCAL || fate == FATE_UP)
		escape_count_activation(site, end);
	path->facts.activations += site->facts.activations - activations;
	if (!site->example[fate])
		escape_count_example(site, end, fate);
	if (escape->options.marks)
		escape_audit(escape, site, path, end);
	escape_count_allocator(escape, site, path, block);
	escape_count_thread(escape, site, thread);
	if (end->outcome == MODEL_LIVE)
		escape_count_live(escape, path, end);
	else if (end->outcome != MODEL_UNKNOWN || end->why != MODEL_WHY_RECORD)
		life = escape_count_life(escape, site, path, end);
	grid_add(&site->grid, block->size, life, (double)block->weight, escape->options.budget);
	if (block->timed || end->timed)
		escape_count_cost(escape, site, end);
	return (struct escape_fate){ fate, proved, escape_far(pair) ? UINT32_MAX : pair->distance };
}

/* Adds the pair to its path and its site. */
static void
escape_sum_pair(struct escape *escape, struct escape_pair *pair)
{
	struct escape_path *path = &escape->paths[pair->path];
	struct escape_site *site = &escape->sites[path->site];
	uint64_t count, proved;
	enum fate fate;
	double weight;
	int way;

	for (way = 0; way < ESCAPE_WAYS; way++)
		pair->way_weights[way] += (double)pair->way_counts[way];
	for (fate = 0; fate < FATE_COUNT; fate++) {
		count = escape_pair_count(pair, fate);
		weight = escape_pair_weight(pair, fate);
		proved = escape_pair_proved(pair, fate);
		path->fates[fate] += weight;
		path->facts.fates[fate] += count;
		site->weights[fate] += weight;
		site->weight += weight;
		site->facts.fates[fate] += count;
		site->blocks.seen += (double)count;
		site->proved += proved;
		if (fate == FATE_LOCAL || fate == FATE_UP)
			site->inferred += count - proved;
	}
	if (escape_far(pair)) {
		path->facts.far += escape_pair_count(pair, FATE_UP);
		site->facts.far += escape_pair_count(pair, FATE_UP);
	}
}

static void
escape_sum_path(struct escape *escape, struct escape_path *path)
{
	struct escape_site *site = &escape->sites[path->site];

	path->bytes += path->seen;
	site->bytes.seen += path->seen;
	if (path->facts.size_min < site->facts.size_min)
		site->facts.size_min = path->facts.size_min;
	if (path->facts.size_max > site->facts.size_max)
		site->facts.size_max = path->facts.size_max;
}

void
escape_finish(struct escape *escape)
{
	struct escape_site *site = escape->sites;
	uint32_t i;
	size_t bin;

	for (i = 0; i < escape->pair_count; i++)
		escape_sum_pair(escape, &escape->pairs[i]);
	for (i = 0; i < escape->path_count; i++)
		escape_sum_path(escape, &escape->paths[i]);
	for (i = 0; i < escape->site_count; i++, site++) {
		site->variance = site->blocks.variance;
		histogram_sort(&site->sizes);
		histogram_sort(&site->lives);
		grid_sort(&site->grid);
		for (bin = 0; bin < site->lives.count; bin++)
			site->freed += site->lives.bins[bin].weight;
	}
}

/* The smallest size that the site's blocks may have. Of n that are spread evenly, what lies
 * beyond the least is with 95 % no more than 20^(1/(n - 1)) - 1 times what lies between it and
 * the largest; by logarithms, since a vector that grows has as many small sizes as large. But
 * small blocks are rarely drawn, and so no more than as many count as the estimate rests on. */
static double
escape_smallest(const struct escape_site *site)
{
	double least = log1p((double)site->facts.size_min);
	double between = log1p((double)site->facts.size_max) - least;
	double count = site->blocks.seen - 1;

	if (count < 1 || !(between > 0))
		return (double)site->facts.size_min;
	if (site->variance > 0)
		count = fmin(count, site->blocks.more * site->blocks.more / site->variance);
	return expm1(fmax(least - between * expm1(log(20) / count), 0));
}

static void
escape_unseen_size(struct escape_site *site, double size, double interval, uint64_t bias)
{
	/* a damaged trace may have no bias */
	double weight = -1 / expm1(-fmax(size + (double)bias, 1) / interval);

	estimate_unseen(&site->blocks, 1, weight);
	estimate_unseen(&site->bytes, size, weight);
}

void
escape_unseen(struct escape *escape, double interval, uint64_t bias)
{
	double blocks;
	uint32_t i;

	for (i = 0; i < escape->site_count; i++) {
		struct escape_site *site = &escape->sites[i];

		blocks = estimate_value(&site->blocks);
		if (!(blocks > 0))
			continue;
		escape_unseen_size(site, estimate_value(&site->bytes) / blocks, interval, bias);
		escape_unseen_size(site, escape_smallest(site), interval, bias);
	}
}

/* Variances and covariance of what blocks and bytes a sample comes to. */
struct escape_moments {
	double blocks, both, bytes;
};

/* Of the variance `own` that part which is explained by the known sums, with which it varies
 * by c and d. */
static double
escape_explained(const struct escape_moments *all, unsigned known, double c, double d, double own)
{
	double determinant = all->blocks * all->bytes - all->both * all->both;
	double explained = c * c / all->blocks;

	/* where all sizes are the same, the bytes say nothing more */
	if (known > 1 && determinant > 1e-9 * all->blocks * all->bytes)
		explained = (c * c * all->bytes - 2 * c * d * all->both + d * d * all->blocks) /
		    determinant;
	return explained < own ? explained : own;
}

void
escape_known(struct escape *escape, unsigned known)
{
	struct escape_moments all = { 0 };
	struct escape_site *site = escape->sites, *end = site + escape->site_count;
	double squares = 0, sure;

	for (; site < end; site++) {
		if (site->pool != 0)
			continue;
		all.blocks += site->blocks.variance;
		all.both += site->covariance;
		all.bytes += site->bytes.variance;
		squares += site->squares;
	}
	if (known == 0 || !(all.blocks > 0) || !(all.bytes > 0))
		return;
	/* what few samples say of their variances is not worth much itself */
	sure = 1 - known * squares / (all.blocks * all.blocks);
	for (site = escape->sites; site < end && sure > 0; site++) {
		double blocks = site->blocks.variance, both = site->covariance;
		double bytes = site->bytes.variance;

		if (site->pool != 0)
			continue;
		site->blocks.variance -= sure * escape_explained(&all, known, blocks, both, blocks);
		site->bytes.variance -= sure * escape_explained(&all, known, both, bytes, bytes);
	}
}
