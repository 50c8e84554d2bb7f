#include "analyzer/model/regions.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/trace/definitions.h"
#include "analyzer/util/xalloc.h"

/* What is left of the stack before. */
struct region_rest {
	uint32_t common; /* levels that may be the same */
	uint32_t firm;   /* of which are proved to */
	uint32_t marked; /* whose frames have marks */
	uint32_t step;   /* level that took the step, if it is one of them */
	bool over;       /* what made the call before is not one of them */
	bool back;       /* it stepped backward */
	bool blind;      /* and its code is not known */
};

/* Where an event moves a region to: region_said, taken apart. */
struct region_step {
	uint32_t node;
	enum place_between between;
	bool vague;
	bool has_kept;
	uint32_t kept;
	uint32_t proved;
};

/* Kinds of steps: bits. */
enum { REGION_OVER = 1, REGION_PRESUMED = 2, REGION_BLIND = 4 };

enum { REGION_MEMO_BITS = 14, REGION_MEMOS = 1 << REGION_MEMO_BITS };

struct region_memo {
	uint64_t from; /* node before and node behind; 0: none */
	uint64_t said; /* all else that counts */
	struct region_rest rest;
	uint32_t count; /* levels there are then */
	uint32_t tails; /* of which so many are behind the node */
	uint32_t kind;
};

static uint32_t
region_pc(const struct places *places, uint32_t node)
{
	return places->definitions->nodes[node].pc;
}

static uint32_t
region_depth(const struct places *places, const struct region *region)
{
	return places->definitions->nodes[region->node].depth;
}

/* The region's node with `at` nodes outside of it. */
static uint32_t
region_node(const struct places *places, const struct region *region, uint32_t at)
{
	return places_ancestor(places, region->node, at + 1);
}

static uint32_t
region_kept(
    const struct places *places, const struct region *region, const struct region_step *step)
{
	const struct definitions_node *nodes = places->definitions->nodes;
	uint32_t depth = nodes[step->node].depth, before = nodes[region->node].depth;
	uint32_t kept = nodes[places_common(places, region->node, step->node)].depth;

	if (kept >= before)
		kept = before - 1;
	/* A frame that tail-called the hook: its entry is the hook's call too,
	 * and the writer, for whom no such entry is kept, says one fewer. */
	if (step->has_kept && step->kept < kept && !(kept == depth && step->kept + 1 == kept))
		kept = step->kept;
	return kept;
}

/* The physical frame whose levels begin at `level` is the same: so are those of its
 * inlined levels that were not entered again. */
static void
region_inlined(struct places *places, uint32_t from, uint32_t to, uint32_t level,
    enum place_between between, struct region_rest *rest)
{
	uint32_t firm = places_step(places, from, to)->firm[between];
	uint32_t guarded = between == PLACE_NOTHING ? places_code(places, to)->guarded : 0;

	if (firm < 1)
		firm = 1;
	if (firm < guarded)
		firm = guarded;
	if (level + firm > rest->common)
		firm = rest->common - level;
	if (rest->firm < level + firm)
		rest->firm = level + firm;
}

/* One activation is presumed to have made the call at `before`, then that at
 * `next`. False if it cannot have. */
static bool
region_try(struct places *places, uint32_t before, uint32_t next, enum place_between between,
    struct region_rest *rest)
{
	const struct place_node *to = places_judged(places, next);
	uint32_t from = region_pc(places, before), pc = region_pc(places, next);
	const struct place_step *step = places_step(places, from, pc);
	uint32_t base = to->levels - to->own;

	if (step->alive[between] == 0)
		return false;
	*rest = (struct region_rest){
		.common = base + step->alive[between],
		.over = rest->over,
		.firm = to->arrived[between],
		.step = base,
	};
	if (rest->firm > rest->common)
		rest->firm = rest->common;
	if (rest->firm > base)
		region_inlined(places, from, pc, base, between, rest);
	rest->back = rest->firm <= base && places_backward(places, from, pc);
	rest->blind = rest->back && !step->known;
	return true;
}

static bool
region_is_tail(const struct places *places, uint32_t node)
{
	return places->definitions->pcs[region_pc(places, node)].tail;
}

/* What stood at node `at` of the region may have given its place to a function that
 * is not on it. Where it jumped to one that is, that one may have. */
static bool
region_left(struct places *places, const struct region *region, uint32_t at)
{
	uint32_t depth = region_depth(places, region);

	while (at < depth && region_is_tail(places, region_node(places, region, at)))
		at++;
	/* else it jumped to the hook */
	return at < depth &&
	    places_code(places, region_pc(places, region_node(places, region, at)))->leaves;
}

/*
 * What stood at node `at` of the region is over. Then the call outside of it was made
 * again, unless another function took the place of what was called.
 */
static void
region_outward(struct places *places, const struct region *region, uint32_t at,
    const struct region_step *step, struct region_rest *rest)
{
	uint32_t number = places_ancestor(places, region->node, at);
	const struct place_node *node;
	uint32_t pc;

	*rest = (struct region_rest){ .over = true };
	for (; at-- > 0; number = places->definitions->nodes[number].parent) {
		node = places_judged(places, number);
		pc = region_pc(places, number);
		if (at >= step->proved && !region_left(places, region, at + 1) &&
		    !places_get(places, pc)->once) {
			if (region_try(places, number, number, step->between, rest))
				return;
			continue;
		}
		rest->common = node->levels;
		rest->firm = at < step->proved ? node->levels : node->firm[step->between];
		rest->step = node->levels - node->own;
		rest->back = rest->firm <= rest->step;
		rest->blind = rest->back && !places_step(places, pc, pc)->known;
		return;
	}
}

/* Whether the outermost functions of two stacks, of which no call is the same,
 * may be one activation. */
static bool
region_outermost(const struct places *places, uint32_t before, uint32_t next)
{
	const struct definitions_node *nodes = places->definitions->nodes;

	return nodes[before].state == 0 && nodes[next].state == 0;
}

/* What marks prove, they prove whatever the code says. */
static void
region_marked(struct places *places, const struct region *region, uint32_t kept, uint32_t next,
    const struct region_step *step, struct region_rest *rest)
{
	const struct place_node *node;
	uint32_t at = step->proved < kept ? step->proved : kept, level, number;

	if (step->proved == 0)
		return;
	number = region_node(places, region, at);
	node = places_node(places, number);
	level = node->levels - node->own;
	if (rest->firm < level)
		rest->firm = level;
	rest->marked = level + 1;
	/* its place was taken by a function that it called in the end, or may be */
	if ((places_code(places, region_pc(places, number))->rejoins &&
		!(at == kept && places->definitions->pcs[region_pc(places, next)].tail)) ||
	    (at == kept &&
		!places_same_function(places, region_pc(places, number), region_pc(places, next))))
		return;
	if (rest->common <= level)
		rest->common = level + 1;
	region_inlined(places, region_pc(places, number),
	    region_pc(places, at == kept ? next : number), level, step->between, rest);
}

/* The `kept` outermost calls are presumed to be in progress still. */
static void
region_compare(struct places *places, const struct region *region, uint32_t kept,
    const struct region_step *step, struct region_rest *rest)
{
	uint32_t next = places_ancestor(places, step->node, kept + 1);
	uint32_t before = region_node(places, region, kept);
	uint32_t pc = region_pc(places, before);

	*rest = (struct region_rest){ 0 };
	if (kept == 0 && !region_outermost(places, before, next))
		return;
	if (!places_same_function(places, pc, region_pc(places, next)) ||
	    !region_try(places, before, next, step->between, rest))
		region_outward(places, region, kept, step, rest);
	region_marked(places, region, kept, next, step, rest);
}

/* The function that stands behind the whole new stack called the hook in the
 * end, and left. True if that can be; it is then the innermost level. */
static bool
region_tail(struct places *places, const struct region *region, uint32_t depth,
    const struct region_step *step, struct region_rest *rest)
{
	uint32_t number = region_node(places, region, depth);
	const struct place_node *old = places_node(places, number);
	const struct place_node *node = places_judged(places, step->node);

	if (step->proved < depth &&
	    (!step->vague || !places_code(places, region_pc(places, number))->tails))
		return false;
	*rest = (struct region_rest){
		.common = old->levels - old->own + 1,
		.firm = node->firm[step->between],
		.step = node->levels - node->own,
	};
	if (node->passes[step->between] || step->proved >= depth)
		rest->firm = rest->common;
	return true;
}

/* Room for another, in a region that mostly has few. */
static void *
region_grow(void *list, uint32_t *cap, uint32_t count, size_t size)
{
	if (count < *cap)
		return list;
	*cap = *cap < 2 ? 2 : *cap * 2;
	return xreallocarray(list, *cap, size);
}

/* Makes `count` levels of which the outermost `common` stay. */
static inline void
region_levels(struct region *region, uint32_t common, uint32_t count, uint64_t seq)
{
	uint32_t runs = region->run_count, notes = region->note_count;
	uint32_t presumed = region->presumed_count;

	while (presumed > 0 && region->presumed[presumed - 1].level >= common)
		presumed--;
	region->presumed_count = presumed;
	while (notes > 0 && region->notes[notes - 1].level >= common)
		notes--;
	region->note_count = notes;
	while (runs > 0 && region->runs[runs - 1].level >= common)
		runs--;
	if (common < count) {
		region->runs =
		    region_grow(region->runs, &region->run_cap, runs, sizeof(*region->runs));
		region->runs[runs++] = (struct region_run){ seq, common };
	}
	region->run_count = runs;
	region->level_count = count;
}

static inline void
region_presume(struct region *region, uint32_t level, uint64_t seq)
{
	uint32_t count = region->presumed_count;

	while (count > 0 && region->presumed[count - 1].level >= level)
		count--;
	region->presumed =
	    region_grow(region->presumed, &region->presumed_cap, count, sizeof(*region->presumed));
	region->presumed[count] = (struct region_presumed){ seq, level };
	region->presumed_count = count + 1;
}

/* How many notes are of levels farther out. */
static uint32_t
region_notes(const struct region *region, uint32_t level)
{
	uint32_t low = 0, high = region->note_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (region->notes[middle].level < level)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The note of a level, made if there is none. */
static struct region_note *
region_make_note(struct region *region, uint32_t level)
{
	uint32_t at = region_notes(region, level);

	if (at < region->note_count && region->notes[at].level == level)
		return &region->notes[at];
	region->notes = region_grow(
	    region->notes, &region->note_cap, region->note_count, sizeof(*region->notes));
	memmove(&region->notes[at + 1], &region->notes[at],
	    (region->note_count - at) * sizeof(*region->notes));
	region->notes[at] = (struct region_note){ .level = level };
	region->note_count++;
	return &region->notes[at];
}

/* Some levels are not proved to be the same. */
static inline void
region_tell(struct region *region, const struct region_rest *rest, uint64_t seq)
{
	region_presume(region, rest->firm, seq);
	if (rest->marked < rest->common)
		region_make_note(region, rest->marked > rest->firm ? rest->marked : rest->firm)
		    ->unmarked = seq;
	if (rest->back)
		region_make_note(region, rest->step)->back = seq;
	if (rest->blind)
		region_make_note(region, rest->step)->blind = seq;
}

uint64_t
region_birth(const struct region *region, uint32_t level)
{
	uint32_t low = 0, high = region->run_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (region->runs[middle].level <= level)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? region->runs[low - 1].seq : 0;
}

struct region_note
region_note_of(const struct region *region, uint32_t level)
{
	uint32_t at = region_notes(region, level);

	if (at < region->note_count && region->notes[at].level == level)
		return region->notes[at];
	return (struct region_note){ .level = level };
}

bool
region_unmarked(const struct region *region, uint32_t levels, uint64_t seq)
{
	uint32_t i;

	for (i = 0; i < region->note_count && region->notes[i].level < levels; i++)
		if (region->notes[i].unmarked > seq)
			return true;
	return false;
}

struct region_counts
region_counts(const struct regions *regions)
{
	struct region_counts counts = { .steps = 0 };
	unsigned i;

	for (i = 0; i < REGION_KINDS; i++) {
		counts.steps += regions->steps[i];
		counts.over += i & REGION_OVER ? regions->steps[i] : 0;
		counts.presumed += i & REGION_PRESUMED ? regions->steps[i] : 0;
		counts.firm += i & REGION_PRESUMED ? 0 : regions->steps[i];
		counts.blind += i & REGION_BLIND ? regions->steps[i] : 0;
	}
	return counts;
}

/* A frame that tail-called the hook of the event before left no mark: unless it is
 * said, the call that led to it does not stand. */
static void
region_over(struct places *places, const struct region *region, struct region_step *step)
{
	uint32_t depth = region_depth(places, region), node = region->node;

	if (step->has_kept || !region_is_tail(places, node))
		return;
	for (; depth > 0 && region_is_tail(places, node); depth--)
		node = places->definitions->nodes[node].parent;
	if (depth > 0 && step->proved > depth - 1)
		step->proved = depth - 1;
}

/* What becomes of the levels of a region whose nodes are at hand. */
static void
region_judge(struct places *places, const struct region *region, struct region_step *step,
    struct region_memo *memo)
{
	uint32_t depth = places->definitions->nodes[step->node].depth, kept;
	bool returned;

	memo->count = places_node(places, step->node)->levels;
	kept = region_kept(places, region, step);
	memo->tails = 0;
	memo->rest = (struct region_rest){ 0 };
	/* that the innermost frame stands as well must be said: its function has
	 * tail-called the hook. If it is not said, no mark was found there. */
	returned =
	    kept == depth && step->proved >= depth && !(step->has_kept && step->kept >= depth);
	if (returned)
		step->proved = depth - 1;
	if (step->proved > kept)
		step->proved = kept;
	region_over(places, region, step);
	if (kept < depth) {
		region_compare(places, region, kept, step, &memo->rest);
	} else if (!returned && region_tail(places, region, depth, step, &memo->rest)) {
		memo->tails = memo->rest.common - memo->count;
		memo->count = memo->rest.common;
	} else {
		region_outward(places, region, depth, step, &memo->rest);
	}
}

struct region_memo *
region_memos(void)
{
	return xcalloc(REGION_MEMOS, sizeof(struct region_memo));
}

static void
region_remember(struct places *places, const struct region *region, struct region_memo *memo)
{
	struct region_step step = {
		.node = (uint32_t)memo->from,
		.between = memo->said & 1 ? PLACE_GAP : PLACE_NOTHING,
		.vague = (memo->said & 2) != 0,
		.has_kept = (memo->said & 4) != 0,
		.kept = (uint16_t)(memo->said >> 8),
		.proved = (uint16_t)(memo->said >> 32),
	};

	region_judge(places, region, &step, memo);
	memo->kind = memo->rest.over ? REGION_OVER : 0;
	if (memo->rest.firm < memo->rest.common)
		memo->kind |= REGION_PRESUMED | (memo->rest.blind ? REGION_BLIND : 0);
}

static inline const struct region_memo *
region_recall(
    const struct regions *regions, const struct region *region, uint32_t node, uint64_t said)
{
	uint64_t from = (uint64_t)region->node << 32 | node;
	uint64_t hash = (from ^ said << 13) * 0x9e3779b97f4a7c15ULL;
	struct region_memo *memo = &regions->memos[hash >> (64 - REGION_MEMO_BITS)];

	if (memo->from != from || memo->said != said) {
		memo->from = from;
		memo->said = said;
		region_remember(regions->places, region, memo);
	}
	return memo;
}

void
region_move(
    struct regions *regions, struct region *region, uint32_t node, uint64_t said, uint64_t seq)
{
	const struct region_memo *memo;

	region->last = seq;
	if (region->node != 0) {
		memo = region_recall(regions, region, node, said);
		region->tails = memo->tails;
		regions->steps[memo->kind]++;
		if (memo->kind & REGION_PRESUMED)
			region_tell(region, &memo->rest, seq);
		region_levels(region, memo->rest.common, memo->count, seq);
	} else {
		region_levels(region, 0, places_node(regions->places, node)->levels, seq);
	}
	region->node = node;
}

void
region_release(struct region *region)
{
	free(region->runs);
	free(region->notes);
	free(region->presumed);
	*region = (struct region){ 0 };
}
