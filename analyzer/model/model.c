#include "analyzer/model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/model/match.h"
#include "analyzer/trace/budget.h"
#include "analyzer/trace/definitions.h"
#include "analyzer/trace/streams.h"
#include "analyzer/util/map.h"
#include "analyzer/util/xalloc.h"

enum { MODEL_CHUNK_BITS = 12, MODEL_CHUNK = 1 << MODEL_CHUNK_BITS };

/* With marks, a second replay knows nothing of them: how well it does is a measure
 * of all that is presumed and proved without. */
struct model_region {
	struct region region;
	struct region *blind; /* with marks; owned */
	uint64_t partial;     /* last event whose stack was cut or broken; 0: none */
	uint16_t number;
	bool rooted;  /* of its outermost frame is known: */
	bool foreign; /* it is not that of the program, or of a thread */
};

/* The last event on a stack that is no thread's own, and the last such event of any
 * other thread than that one. */
struct model_foreign {
	uint64_t last, other;
	uint32_t thread;
};

struct model_stream {
	struct model_region *recent;  /* the region of the event before, or NULL */
	uint32_t thread;              /* same for all levels of a thread */
	uint32_t process;             /* same for all threads of a process */
	struct model_foreign foreign; /* of the process: in the stream with that number */
	uint64_t thread_gap;          /* of level 0: counts for all regions of the thread */
	uint32_t given_up;            /* tag + 1 of what realloc took just now, 0: nothing */
	uint32_t given_node;
};

struct model {
	const struct definitions *definitions;
	const struct streams *streams;
	struct model_hooks hooks;
	struct places places;
	struct region_memo *memos;
	struct regions regions, blind; /* the latter with marks */
	struct model_stream *list;
	struct map region_map;       /* stream, number -> struct model_region *, owned */
	struct model_block **chunks; /* of MODEL_CHUNK blocks, by number; owned */
	size_t chunk_count, chunk_cap;
	uint64_t events;
	uint64_t now;
};

struct model *
model_new(const struct definitions *definitions, const struct streams *streams,
    const struct model_hooks *hooks)
{
	struct model *model = xcalloc(1, sizeof(*model));
	const struct stream *stream = streams->list;
	size_t i;
	uint32_t thread = 0, process = 0;

	model->definitions = definitions;
	model->streams = streams;
	model->hooks = *hooks;
	places_init(&model->places, definitions, &model->hooks.places, hooks->data);
	model->memos = region_memos();
	model->regions = (struct regions){ .places = &model->places, .memos = model->memos };
	model->blind = model->regions;
	model->list = xcalloc(streams->count + 1, sizeof(*model->list));
	for (i = 0; i < streams->count; i++, stream++) {
		if (i == 0 || stream->process != stream[-1].process)
			process = thread = (uint32_t)i;
		else if (stream->thread != stream[-1].thread)
			thread = (uint32_t)i;
		model->list[i].thread = thread;
		model->list[i].process = process;
	}
	return model;
}

static void
model_release_regions(struct model *model)
{
	struct map_key key;
	uint64_t value;
	size_t at = 0;

	while (map_next(&model->region_map, &at, &key, &value)) {
		struct model_region *region = (struct model_region *)(uintptr_t)value;

		region_release(&region->region);
		if (region->blind != NULL)
			region_release(region->blind);
		free(region->blind);
		free(region);
	}
	map_release(&model->region_map);
}

void
model_free(struct model *model)
{
	if (model == NULL)
		return;
	model_reset(model);
	free(model->list);
	places_release(&model->places);
	free(model->memos);
	free(model->chunks);
	free(model);
}

void
model_reset(struct model *model)
{
	size_t i;

	model_release_regions(model);
	for (i = 0; i < model->streams->count; i++)
		model->list[i] = (struct model_stream){ .thread = model->list[i].thread,
			.process = model->list[i].process };
	for (i = 0; i < model->chunk_count; i++)
		free(model->chunks[i]);
	model->chunk_count = 0;
	model->regions = (struct regions){ .places = &model->places, .memos = model->memos };
	model->blind = model->regions;
	model->events = 0;
	model->now = 0;
}

struct model_counts
model_counts(const struct model *model)
{
	return (struct model_counts){
		.events = model->events,
		.steps = region_counts(&model->regions),
		.presumed_steps = region_counts(&model->blind),
	};
}

const char *
model_why_name(enum model_why why)
{
	static const char *const names[] = {
#define X(NAME, text) text,
		MODEL_WHYS(X)
#undef X
	};

	return names[why];
}

static struct model_region *
model_find_region(const struct model *model, uint32_t stream, uint16_t number)
{
	const uint64_t *known =
	    map_find(&model->region_map, (struct map_key){ .hi = stream, .lo = number });

	return known != NULL ? (struct model_region *)(uintptr_t)*known : NULL;
}

/* The same, made if it is not there. NULL: there is no room for it. */
static struct model_region *
model_region(struct model *model, uint32_t stream, uint16_t number)
{
	struct model_region *region = model_find_region(model, stream, number);

	if (region != NULL || !budget_take(model->hooks.budget, BUDGET_REGION))
		return region;
	region = xcalloc(1, sizeof(*region));
	region->number = number;
	if (model->hooks.marks)
		region->blind = xcalloc(1, sizeof(*region->blind));
	*map_insert(&model->region_map, (struct map_key){ .hi = stream, .lo = number }, NULL) =
	    (uintptr_t)region;
	return region;
}

static inline struct model_region *
model_recent_region(struct model *model, uint32_t stream, uint16_t number)
{
	struct model_stream *of = &model->list[stream];

	if (of->recent == NULL || of->recent->number != number)
		of->recent = model_region(model, stream, number);
	return of->recent;
}

static struct model_block *
model_block(const struct model *model, uint32_t number)
{
	return &model->chunks[number >> MODEL_CHUNK_BITS][number & (MODEL_CHUNK - 1)];
}

/* The same, where it may be a number that was never given before. */
static struct model_block *
model_new_block(struct model *model, uint32_t number)
{
	size_t chunk = number >> MODEL_CHUNK_BITS;

	while (chunk >= model->chunk_count) {
		model->chunks = xgrow(model->chunks, &model->chunk_cap, model->chunk_count + 1,
		    sizeof(struct model_block *));
		model->chunks[model->chunk_count++] =
		    xcalloc(MODEL_CHUNK, sizeof(struct model_block));
	}
	return model_block(model, number);
}

/* Ends a block of which only that is known. */
static void
model_end_lost(struct model *model, uint32_t number)
{
	const struct model_block *block = model_block(model, number);

	model->hooks.end(model->hooks.data,
	    &(struct model_end){
		.block = block,
		.time = model->now,
		.outcome = MODEL_UNKNOWN,
		.why = MODEL_WHY_RECORD,
		.stream = block->stream,
	    });
}

float
model_weight(const struct event *event, uint64_t bias)
{
	if (event->interval <= 1)
		return 1;
	return (float)(-1 / expm1(-((double)event->size + (double)bias) / (double)event->interval));
}

static void
model_allocate(struct model *model, const struct match_event *match, uint32_t node)
{
	struct model_block *block = model_new_block(model, match->block);
	const struct event *event = &match->event;

	*block = (struct model_block){
		.address = event->address,
		.size = event->size,
		.begin = event->time,
		.seq = model->events,
		.stream = match->stream,
		.node = node,
		.levels = node != 0 ? places_node(&model->places, node)->levels : 0,
		.weight = model_weight(event, model->hooks.bias),
		.region = event->region,
		.cost = event->cost,
		.kind = event->kind,
		.pool = decode_is_pools(event->kind) ? event->pool : 0,
		.pointer = event->pointer,
		.timed = event->has_cost,
	};
	model->hooks.begin(model->hooks.data, block);
}

/* Whether the stack, of which nothing is shared, is at least known to its end,
 * and begins in the same function: then that one is the owner. */
static bool
model_same_outermost(struct model *model, uint32_t a, uint32_t b)
{
	const struct definitions_node *nodes = model->definitions->nodes;

	while (nodes[a].parent != 0)
		a = nodes[a].parent;
	while (nodes[b].parent != 0)
		b = nodes[b].parent;
	return places_same_function(&model->places, nodes[a].pc, nodes[b].pc);
}

/*
 * A library's constructors run on the stack that the program's start-up code begins anew,
 * when the loader is done: what stood there in between is over.
 */
static bool
model_is_before(struct model *model, uint32_t node, uint32_t later)
{
	const struct definitions_node *nodes = model->definitions->nodes;
	const struct place *place;

	if (node == 0 || later == 0)
		return false;
	places_node(&model->places, node);
	places_node(&model->places, later);
	node = places_ancestor(&model->places, node, 1);
	later = places_ancestor(&model->places, later, 1);
	if (nodes[node].state != 0 || nodes[later].state != 0 ||
	    !places_get(&model->places, nodes[node].pc)->loader)
		return false;
	place = places_get(&model->places, nodes[later].pc);
	return place->startup && place->once && !place->loader;
}

static void
model_unknown(struct model_end *end, enum model_why why)
{
	end->outcome = MODEL_UNKNOWN;
	end->why = why;
}

/* The node that called the owner's physical frame; 0: none did. *outside: its levels. */
static uint32_t
model_outside(struct model *model, const struct model_end *end, uint32_t *outside)
{
	uint32_t node = end->block->node;

	do {
		node = model->definitions->nodes[node].parent;
		*outside = places_node(&model->places, node)->levels;
	} while (*outside >= end->shared && node != 0);
	if (*outside >= end->shared)
		*outside = end->shared - 1;
	return node;
}

/* The owner's physical frame had a mark all the time: what was not recorded was called
 * by it, or inside of it. */
static bool
model_marked(struct model *model, const struct region *region, const struct model_end *end)
{
	uint32_t outside;

	if (!model->hooks.marks || end->shared == 0)
		return false;
	model_outside(model, end, &outside);
	return !region_unmarked(region, outside + 1, end->block->seq);
}

/* A stack begins with the owner, or a signal was its call: such a frame has no mark, and
 * where it stood the next one does, when that stack is used again or that signal comes. */
static bool
model_bare(struct model *model, const struct model_end *end)
{
	const struct definitions *all = model->definitions;
	uint32_t outside, node = model_outside(model, end, &outside);
	uint32_t pc = all->nodes[node].pc;

	if (node == 0 || all->pcs[pc].signal ||
	    all->pcs[all->nodes[all->nodes[node].parent].pc].signal)
		return true;
	return all->nodes[node].parent == 0 && !places_get(&model->places, pc)->once;
}

/* What one stack says of the other: end->node's region stands at it. */
static void
model_compare(struct model *model, const struct model_region *both, struct model_end *end)
{
	const struct region *region = &both->region;
	const struct definitions_node *nodes = model->definitions->nodes;
	const struct model_block *block = end->block;
	struct region_note owner;
	uint64_t birth;

	end->shared = region_shared(region, block->levels, block->seq);
	end->proved = region_proved(region, end->shared, block->seq);
	end->gapped = region->gap > block->seq && !model_marked(model, region, end);
	if (model->hooks.marks) {
		end->presumed_shared = region_shared(both->blind, block->levels, block->seq);
		end->presumed_proved = region_proved(both->blind, end->presumed_shared, block->seq);
	}
	if (end->shared == 0) {
		if (nodes[block->node].state != 0 || nodes[end->node].state != 0 ||
		    both->partial > block->seq)
			model_unknown(end, MODEL_WHY_TRUNCATED);
		else if (!model_same_outermost(model, block->node, end->node) &&
		    !model_is_before(model, block->node, end->node))
			model_unknown(end, MODEL_WHY_STACK);
		return;
	}
	owner = region_note_of(region, end->shared - 1);
	birth = region_birth(region, end->shared - 1);
	end->tail = end->shared + region->tails > region->level_count;
	end->activation = birth << 12 | (end->shared & 4095);
	end->epoch = owner.back > birth ? owner.back : 0;
	end->backward = owner.blind > block->seq;
	end->bare = model->hooks.marks && end->proved < end->shared && model_bare(model, end);
}

static void
model_judge_free(struct model *model, struct model_end *end, uint16_t number)
{
	const struct model_block *block = end->block;
	const struct model_stream *stream = &model->list[end->stream];

	if (end->stream != block->stream && stream->thread != model->list[block->stream].thread)
		end->outcome = MODEL_OTHER_THREAD;
	else if (block->node == 0 || end->node == 0)
		model_unknown(end, MODEL_WHY_TRUNCATED);
	else if (end->stream == block->stream && number == block->region)
		model_compare(model, model_recent_region(model, end->stream, number), end);
	else if (end->stream != block->stream || !model_is_before(model, block->node, end->node))
		model_unknown(end, MODEL_WHY_STACK);
}

static void
model_release(struct model *model, const struct match_event *match, uint32_t node)
{
	const struct event *event = &match->event;
	struct model_end end = {
		.time = event->time,
		.outcome = MODEL_FREED,
		.node = node,
		.stream = match->stream,
		.realloced = decode_moves(event),
		.timed = event->has_cost && event->kind != ESC_EVENT_GIVE_UP,
		.cost = event->cost,
	};

	if (match->block == 0)
		return;
	end.block = model_block(model, match->block);
	model_judge_free(model, &end, event->region);
	/* it lives on, in a pause */
	if (end.realloced && event->size != 0) {
		model_unknown(&end, MODEL_WHY_GAP);
	} else if (end.realloced) {
		model->list[match->stream].given_up = end.block->tag + 1;
		model->list[match->stream].given_node = node;
	}
	model->hooks.end(model->hooks.data, &end);
}

/* The second half of a realloc is the same call: nothing moved since the first. */
static bool
model_second_half(
    struct model *model, const struct event *event, struct model_stream *stream, uint32_t node)
{
	uint32_t tag = stream->given_up;

	stream->given_up = 0;
	/* in a sample the second half may not be there, but then events are missing */
	if (tag == 0 || event->gap ||
	    (event->kind != ESC_EVENT_REALLOC && event->kind != ESC_EVENT_REALLOCARRAY))
		return false;
	model->hooks.chain(model->hooks.data, tag - 1);
	return node == stream->given_node;
}

/* The stack begins as no thread's own does: it may be another thread's next. */
static bool
model_is_foreign(struct model *model, uint32_t node)
{
	const struct definitions_node *nodes = model->definitions->nodes;
	const struct place *root, *next;

	places_node(&model->places, node);
	root = places_get(&model->places, nodes[places_ancestor(&model->places, node, 1)].pc);
	next = places_get(&model->places, nodes[places_ancestor(&model->places, node, 2)].pc);
	return !root->startup || (!root->once && !root->loader && !next->once);
}

/* Whether another thread was on a stack that it may have given to this one: what was
 * called there in between is no event of this stream, and what stands there may be of it. */
static bool
model_elsewhere(struct model *model, const struct model_stream *stream, struct model_region *both,
    uint32_t node)
{
	struct model_foreign *foreign = &model->list[stream->process].foreign;
	uint64_t other;

	if (!both->rooted) {
		both->rooted = true;
		both->foreign = model_is_foreign(model, node);
	}
	if (!both->foreign)
		return false;
	if (foreign->last != 0 && foreign->thread != stream->thread)
		foreign->other = foreign->last;
	other = foreign->other;
	foreign->last = model->events;
	foreign->thread = stream->thread;
	return other > both->region.last;
}

static inline void
model_move(struct model *model, const struct event *event, struct model_stream *stream,
    struct model_region *both, uint32_t node)
{
	struct region *region = &both->region;
	enum place_between between;
	uint16_t proved = model->hooks.marks ? event->proved : 0;

	if (stream->thread_gap > region->gap)
		region->gap = stream->thread_gap;
	if (node == 0)
		return;
	if (model->definitions->nodes[node].state != 0)
		both->partial = model->events;
	between = region->gap > region->last ? PLACE_GAP : PLACE_NOTHING;
	if (__builtin_expect(!both->rooted || both->foreign, 0) &&
	    model_elsewhere(model, stream, both, node)) {
		between = PLACE_GAP;
		proved = 0; /* the marks may be the other thread's */
	}
	region_move(&model->regions, region, node,
	    region_said(between, event->vague, event->has_kept, event->kept, proved),
	    model->events);
	if (model->hooks.marks)
		region_move(&model->blind, both->blind, node,
		    region_said(between, event->vague, false, 0, 0), model->events);
}

void
model_feed(struct model *model, const struct match_event *match)
{
	const struct event *event = &match->event;
	struct model_stream *stream = &model->list[match->stream];
	struct model_region *region = model_recent_region(model, match->stream, event->region);
	uint32_t node = 0;

	/* where there is no room for its region, its stack is as good as not known */
	if (region != NULL)
		node = definitions_node(model->definitions, event->stack);
	if (match->again) {
		if (match->lost != 0)
			model_end_lost(model, match->lost);
		model_release(model, match, node);
		return;
	}
	model->now = event->time;
	model->events++;
	/* what an event was called from that has no stack is not known either */
	if (event->gap || node == 0)
		stream->thread_gap = model->events;
	if (!model_second_half(model, event, stream, node) && region != NULL)
		model_move(model, event, stream, region, node);
	if (match->lost != 0)
		model_end_lost(model, match->lost);
	if (decode_allocates(event->kind)) {
		model_allocate(model, match, node);
		/* there was no room to follow it */
		if (match->block == 0)
			model_end_lost(model, 0);
	} else if (event->kind != ESC_EVENT_STEP) {
		model_release(model, match, node);
	}
}

void
model_expect(const struct model *model, uint32_t block)
{
	if (block >> MODEL_CHUNK_BITS < model->chunk_count)
		__builtin_prefetch(model_block(model, block));
}

/* How many levels stand when the last hook has come back. */
static uint32_t
model_levels_left(struct model *model, const struct region *region)
{
	const struct definitions *all = model->definitions;
	uint32_t node = region->node;

	if (node == 0 || !all->pcs[all->nodes[node].pc].tail)
		return region->level_count - region->tails;
	while (node != 0 && all->pcs[all->nodes[node].pc].tail)
		node = all->nodes[node].parent;
	return node != 0 ? places_node(&model->places, node)->levels : 0;
}

static void
model_end_live(struct model *model, const struct model_block *block)
{
	const struct model_region *both = model_find_region(model, block->stream, block->region);
	const struct model_region *recent = model->list[block->stream].recent;
	struct model_end end = {
		.block = block,
		.time = model->now,
		.outcome = MODEL_LIVE,
		.stream = block->stream,
	};
	uint32_t limit;

	/* frames that tail-called their last hook are over by now */
	if (both != NULL &&
	    (recent == NULL || !model_is_before(model, block->node, recent->region.node))) {
		end.shared = region_shared(&both->region, block->levels, block->seq);
		limit = model_levels_left(model, &both->region);
		if (end.shared > limit)
			end.shared = limit;
	}
	model->hooks.end(model->hooks.data, &end);
}

static int
model_compare_begin(const void *left, const void *right, void *model)
{
	uint64_t a = model_block(model, ((const struct match_left *)left)->block)->seq;
	uint64_t b = model_block(model, ((const struct match_left *)right)->block)->seq;

	return a < b ? -1 : a > b;
}

void
model_finish(struct model *model, const struct match *match)
{
	size_t count, i;
	struct match_left *left = match_left(match, &count);

	qsort_r(left, count, sizeof(*left), model_compare_begin, model);
	for (i = 0; i < count; i++) {
		if (left[i].lost != 0)
			model_end_lost(model, left[i].lost);
		model_end_live(model, model_block(model, left[i].block));
	}
	free(left);
}
