#include "analyzer/model/regions.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/trace/decode.h"
#include "analyzer/trace/definitions.h"
#include "analyzer/util/xalloc.h"

enum { REGIONS_SLAB = 1024 };

void
regions_init(struct regions *regions, const struct definitions *definitions,
    region_find_place *find, void *data)
{
	size_t room = (size_t)definitions->pc_count + 1;

	*regions = (struct regions){
		.definitions = definitions,
		.find = find,
		.data = data,
		.places = xcalloc(room, sizeof(*regions->places)),
		.placed = xcalloc(room, sizeof(*regions->placed)),
	};
}

void
regions_release(struct regions *regions)
{
	size_t i;

	for (i = 0; i < regions->slab_count; i++)
		free(regions->slabs[i]);
	free(regions->slabs);
	free(regions->places);
	free(regions->placed);
	free(regions->path);
	*regions = (struct regions){ 0 };
}

static struct frame *
frame_take(struct regions *regions)
{
	struct frame *frame = regions->spare, *slab;
	size_t i;

	if (frame == NULL) {
		slab = xcalloc(REGIONS_SLAB, sizeof(*slab));
		regions->slabs = xgrow(regions->slabs, &regions->slab_cap, regions->slab_count + 1,
		    sizeof(*regions->slabs));
		regions->slabs[regions->slab_count++] = slab;
		for (i = 0; i + 1 < REGIONS_SLAB; i++)
			slab[i].parent = &slab[i + 1];
		frame = slab;
	}
	regions->spare = frame->parent;
	return frame;
}

void
frame_ref(struct frame *frame)
{
	if (frame != NULL)
		frame->refs++;
}

void
frame_unref(struct regions *regions, struct frame *frame)
{
	struct frame *parent;

	while (frame != NULL && --frame->refs == 0) {
		parent = frame->parent;
		frame->parent = regions->spare;
		regions->spare = frame;
		frame = parent;
	}
}

const struct region_place *
regions_place(struct regions *regions, uint32_t pc)
{
	if (!regions->placed[pc]) {
		regions->placed[pc] = true;
		regions->places[pc] = regions->find(regions->data, pc);
	}
	return &regions->places[pc];
}

bool
regions_same_function(struct regions *regions, uint32_t a, uint32_t b)
{
	const struct definitions_pc *pcs = regions->definitions->pcs;
	uint64_t function;

	if (a == b)
		return true;
	function = regions_place(regions, a)->function;
	return function != 0 && pcs[a].module == pcs[b].module &&
	    function == regions_place(regions, b)->function;
}

/* Cuts the region down to depth entries. */
static void
region_cut(struct regions *regions, struct region *region, uint32_t depth)
{
	while (region->depth > depth)
		frame_unref(regions, region->entries[--region->depth].frame);
}

static void
region_push(struct regions *regions, struct region *region, uint32_t node, bool innermost)
{
	struct region_entry *entry;
	struct frame *frame = NULL;

	region->entries = xgrow(
	    region->entries, &region->cap, (size_t)region->depth + 1, sizeof(*region->entries));
	entry = &region->entries[region->depth];
	if (!innermost) {
		frame = frame_take(regions);
		*frame = (struct frame){
			.parent = region->depth > 0 ? entry[-1].frame : NULL,
			.activation = ++regions->activations,
			.refs = 1,
			.node = node,
			.depth = region->depth + 1,
		};
		frame_ref(frame->parent);
	}
	*entry = (struct region_entry){ node, frame };
	region->depth++;
}

/* How many outermost nodes of the stack the region has in the same place. */
static uint32_t
region_common(const struct regions *regions, const struct region *region, uint32_t node)
{
	const struct definitions_node *nodes = regions->definitions->nodes;
	uint32_t depth;

	for (; node != 0; node = nodes[node].parent) {
		depth = nodes[node].depth;
		if (depth <= region->depth && region->entries[depth - 1].node == node)
			return depth;
	}
	return 0;
}

static uint32_t
region_pc(const struct regions *regions, uint32_t node)
{
	return regions->definitions->nodes[node].pc;
}

/* Where a pc stands in the order of its function. Compilers lay the part that is
 * hardly run (handlers of exceptions) before the function: it comes last here. */
static uint64_t
region_position(struct regions *regions, uint32_t pc)
{
	uint64_t offset = regions->definitions->pcs[pc].offset;

	if (offset < regions_place(regions, pc)->function)
		return offset | 1ULL << 63;
	return offset;
}

/*
 * `kept` frames stand; the innermost of them now makes the call at node `next`.
 * If that is another function than the one that called before, its caller
 * called anew: one frame fewer is kept. If the call is not behind the one
 * before, the frame stepped backward: a loop, or a new activation.
 */
static uint32_t
region_judge(
    struct regions *regions, struct region *region, uint32_t kept, uint32_t next, uint64_t seq)
{
	uint32_t before = region_pc(regions, region->entries[kept].node);
	uint32_t now = region_pc(regions, next);

	if (!regions_same_function(regions, before, now)) {
		if (--kept > 0)
			region->entries[kept - 1].frame->back = seq;
	} else if (now == before ||
	    region_position(regions, now) <= region_position(regions, before)) {
		region->entries[kept - 1].frame->back = seq;
	}
	return kept;
}

/* The node of the stack at depth; node itself is its innermost. */
static uint32_t
region_ancestor(const struct regions *regions, uint32_t node, uint32_t depth)
{
	const struct definitions_node *nodes = regions->definitions->nodes;

	while (nodes[node].depth > depth)
		node = nodes[node].parent;
	return node;
}

/* Pushes what the stack has beyond the region's depth. */
static void
region_push_path(struct regions *regions, struct region *region, uint32_t node)
{
	const struct definitions_node *nodes = regions->definitions->nodes;
	size_t count = nodes[node].depth - region->depth, i;

	regions->path = xgrow(regions->path, &regions->path_cap, count, sizeof(*regions->path));
	for (i = count; i-- > 0; node = nodes[node].parent)
		regions->path[i] = node;
	for (i = 0; i < count; i++)
		region_push(regions, region, regions->path[i], i + 1 == count);
}

void
region_step(struct regions *regions, struct region *region, const struct event *event,
    uint32_t node, uint64_t seq)
{
	uint32_t depth, kept;

	if (event->gap)
		region->gap = seq;
	if (node == 0) { /* what it was called from is not known */
		region->gap = seq;
		return;
	}
	depth = regions->definitions->nodes[node].depth;
	kept = region_common(regions, region, node);
	if (region->depth > 0 && kept >= region->depth)
		kept = region->depth - 1;
	/* A frame that tail-called the hook: its entry is the hook's call too,
	 * and the writer, for whom no such entry is kept, says one fewer. */
	if (event->has_kept && event->kept < kept && !(kept == depth && event->kept + 1U == kept))
		kept = event->kept;
	if (kept == depth) {
		region_cut(regions, region, kept);
		return;
	}
	if (kept > 0)
		kept = region_judge(
		    regions, region, kept, region_ancestor(regions, node, kept + 1), seq);
	region_cut(regions, region, kept);
	region_push_path(regions, region, node);
}

void
region_release(struct regions *regions, struct region *region)
{
	region_cut(regions, region, 0);
	free(region->entries);
	*region = (struct region){ 0 };
}

struct frame *
region_leaf(const struct region *region)
{
	return region->depth >= 2 ? region->entries[region->depth - 2].frame : NULL;
}

uint32_t
region_shared(const struct region *region, const struct frame *leaf)
{
	for (; leaf != NULL; leaf = leaf->parent)
		if (leaf->depth <= region->depth && region->entries[leaf->depth - 1].frame == leaf)
			return leaf->depth;
	return 0;
}
