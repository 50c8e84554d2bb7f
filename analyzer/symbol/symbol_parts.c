#include "analyzer/symbol/symbol_parts.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/util/xalloc.h"

enum { JMP = 0xe9, TWO_BYTES = 0x0f, JCC = 0x80, JCC_MASK = 0xf0 };

/* Something says that part belongs to function. */
struct symbol_vote {
	uint64_t part;
	uint64_t function;
};

/* A jump from one function to another, as it seems. */
struct crossing {
	uint64_t from; /* starts of both */
	uint64_t to;
	bool middle; /* not to the start */
};

/* One of two that jump into each other. */
struct suspect {
	uint64_t start;
	bool used; /* called, or its address taken: a function */
};

/* What is counted. */
struct count {
	struct symbol_parts *parts;
	const struct symbol_table *table;
	const struct flow_source *source;
	struct crossing *crossings;
	size_t crossing_count;
	size_t crossing_cap;
	struct suspect *suspects; /* by start */
	size_t suspect_count;
	size_t suspect_cap;
};

/* A PLT has a frame from its start too, but is no code of the source. */
static bool
is_part(const struct count *count, const struct symbol_fde *fde)
{
	struct flow_part part;

	return fde->inner && count->source->part(count->source->data, fde->start, &part);
}

/* A part was looked at. */
static void
forget(const struct count *count)
{
	if (count->source->forget != NULL)
		count->source->forget(count->source->data);
}

static void
add_vote(
    struct symbol_parts *parts, const struct symbol_fde *part, const struct symbol_fde *function)
{
	struct symbol_vote *vote;

	parts->votes =
	    xgrow(parts->votes, &parts->vote_cap, parts->vote_count + 1, sizeof(*parts->votes));
	vote = &parts->votes[parts->vote_count++];
	vote->part = part->start;
	vote->function = function->start;
}

static void
add_crossing(struct count *count, const struct symbol_fde *from, const struct symbol_fde *target,
    uint64_t to)
{
	struct crossing *crossing;

	count->crossings = xgrow(count->crossings, &count->crossing_cap, count->crossing_count + 1,
	    sizeof(*count->crossings));
	crossing = &count->crossings[count->crossing_count++];
	crossing->from = from->start;
	crossing->to = target->start;
	crossing->middle = to != target->start;
}

/* A jump from fde. */
static void
count_jump(struct count *count, const struct symbol_fde *fde, uint64_t to)
{
	const struct symbol_fde *target;

	if ((to >= fde->start && to < fde->end) || to < count->parts->range.start ||
	    to >= count->parts->range.end)
		return;
	target = symbol_elf_fde(count->table, to);
	if (target == NULL || target == fde)
		return;
	if (is_part(count, target) && !fde->inner)
		add_vote(count->parts, target, fde);
	else if (fde->inner && !target->inner && to != target->start)
		add_vote(count->parts, fde, target);
	else if (!fde->inner && !target->inner)
		add_crossing(count, fde, target, to);
}

/* Looks for jmp and jcc with 4-byte distances at every byte: the few that are none
 * are outvoted. */
static void
count_jumps(struct count *count, const struct symbol_fde *fde, const struct flow_part *part)
{
	uint64_t size = part->end - part->start;
	const uint8_t *bytes = part->bytes;
	int32_t distance;
	uint64_t at;

	for (at = 0; at + 5 <= size; at++) {
		uint64_t length = bytes[at] == JMP ? 5 : 6;

		if (at + length > size ||
		    (length == 6 && (bytes[at] != TWO_BYTES || (bytes[at + 1] & JCC_MASK) != JCC)))
			continue;
		memcpy(&distance, bytes + at + length - 4, sizeof(distance));
		count_jump(count, fde, part->start + at + length + (uint64_t)(int64_t)distance);
	}
}

static void
count_pads(const struct count *count, const struct symbol_fde *fde, const struct flow_part *part)
{
	const struct symbol_fde *target;
	size_t i;

	for (i = 0; i < part->pad_count; i++) {
		uint64_t landing = part->pads[i].landing;

		if (landing >= fde->start && landing < fde->end)
			continue;
		target = symbol_elf_fde(count->table, landing);
		if (target == NULL || target == fde)
			continue;
		if (is_part(count, target) && !fde->inner)
			add_vote(count->parts, target, fde);
		else if (fde->inner && !target->inner)
			add_vote(count->parts, fde, target);
	}
}

static int
compare_votes(const void *left, const void *right)
{
	const struct symbol_vote *a = left;
	const struct symbol_vote *b = right;

	if (a->part != b->part)
		return a->part < b->part ? -1 : 1;
	return a->function < b->function ? -1 : a->function > b->function;
}

static void
find_range(struct symbol_parts *parts, const struct symbol_table *table)
{
	size_t i;

	parts->range.start = UINT64_MAX;
	for (i = 0; i < table->fde_count; i++) {
		const struct symbol_fde *fde = &table->fdes[i];

		if (fde->start < parts->range.start)
			parts->range.start = fde->start;
		if (fde->end > parts->range.end)
			parts->range.end = fde->end;
	}
}

/* ---- parts that make a frame themselves ---- */

static int
compare_crossings(const void *left, const void *right)
{
	const struct crossing *a = left;
	const struct crossing *b = right;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->to != b->to)
		return a->to < b->to ? -1 : 1;
	return a->middle - b->middle;
}

static bool
crosses(const struct count *count, uint64_t from, uint64_t to)
{
	struct crossing key = { from, to, false };

	if (bsearch(&key, count->crossings, count->crossing_count, sizeof(key),
		compare_crossings) != NULL)
		return true;
	key.middle = true;
	return bsearch(&key, count->crossings, count->crossing_count, sizeof(key),
		   compare_crossings) != NULL;
}

static int
compare_suspects(const void *left, const void *right)
{
	const struct suspect *a = left;
	const struct suspect *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

static struct suspect *
find_suspect(const struct count *count, uint64_t start)
{
	struct suspect key = { .start = start };

	if (count->suspect_count == 0)
		return NULL;
	return bsearch(&key, count->suspects, count->suspect_count, sizeof(key), compare_suspects);
}

static void
add_suspect(struct count *count, uint64_t start)
{
	const struct flow_source *source = count->source;
	const uint64_t *labels;
	struct suspect *suspect;

	count->suspects = xgrow(count->suspects, &count->suspect_cap, count->suspect_count + 1,
	    sizeof(*count->suspects));
	suspect = &count->suspects[count->suspect_count++];
	suspect->start = start;
	suspect->used = source->callee(source->data, start, false) != NULL ||
	    source->labels(source->data, start, start + 1, &labels) > 0;
}

/* Sorts them, leaving one of each. */
static void
sort_suspects(struct count *count)
{
	size_t kept = 0;
	size_t i;

	qsort(count->suspects, count->suspect_count, sizeof(*count->suspects), compare_suspects);
	for (i = 0; i < count->suspect_count; i++) {
		if (kept == 0 || count->suspects[i].start != count->suspects[kept - 1].start)
			count->suspects[kept++] = count->suspects[i];
	}
	count->suspect_count = kept;
}

/* Distances to the start of a suspect that are not those of jumps. */
static void
find_uses(const struct count *count, const struct flow_part *part)
{
	uint64_t size = part->end - part->start;
	uint64_t low = count->suspects[0].start;
	uint64_t high = count->suspects[count->suspect_count - 1].start;
	const uint8_t *bytes = part->bytes;
	struct suspect *suspect;
	int32_t distance;
	uint64_t at;

	for (at = 1; at + 4 <= size; at++) {
		uint64_t to;

		memcpy(&distance, bytes + at, sizeof(distance));
		to = part->start + at + 4 + (uint64_t)(int64_t)distance;
		if (to < low || to > high || bytes[at - 1] == JMP ||
		    (at > 1 && bytes[at - 2] == TWO_BYTES && (bytes[at - 1] & JCC_MASK) == JCC))
			continue;
		suspect = find_suspect(count, to);
		if (suspect != NULL)
			suspect->used = true;
	}
}

/* Of two that jump into each other, one of them into the middle, that which nothing
 * else uses is a part of the other. */
static void
vote_crossings(const struct count *count)
{
	const struct symbol_fde *from;
	const struct symbol_fde *to;
	size_t i;

	for (i = 0; i < count->crossing_count; i++) {
		const struct crossing *crossing = &count->crossings[i];
		const struct suspect *one = find_suspect(count, crossing->from);
		const struct suspect *other = find_suspect(count, crossing->to);

		if (!crossing->middle || one == NULL || other == NULL || one->used ||
		    !other->used || !crosses(count, crossing->to, crossing->from))
			continue;
		from = symbol_elf_fde(count->table, crossing->from);
		to = symbol_elf_fde(count->table, crossing->to);
		if (from != NULL && to != NULL)
			add_vote(count->parts, from, to);
	}
}

static void
count_crossings(struct count *count)
{
	struct flow_part part;
	size_t i;

	if (count->crossing_count > 0)
		qsort(count->crossings, count->crossing_count, sizeof(*count->crossings),
		    compare_crossings);
	for (i = 0; i < count->crossing_count; i++) {
		const struct crossing *crossing = &count->crossings[i];

		if (!crossing->middle || !crosses(count, crossing->to, crossing->from))
			continue;
		add_suspect(count, crossing->from);
		add_suspect(count, crossing->to);
	}
	if (count->suspect_count == 0)
		return;
	sort_suspects(count);
	for (i = 0; i < count->table->fde_count; i++) {
		if (count->source->part(count->source->data, count->table->fdes[i].start, &part))
			find_uses(count, &part);
		forget(count);
	}
	vote_crossings(count);
}

static void
count_all(struct count *count)
{
	struct symbol_parts *parts = count->parts;
	struct flow_part part;
	size_t i;

	find_range(parts, count->table);
	for (i = 0; i < count->table->fde_count; i++) {
		const struct symbol_fde *fde = &count->table->fdes[i];

		if (!count->source->part(count->source->data, fde->start, &part) ||
		    part.start != fde->start)
			continue;
		count_jumps(count, fde, &part);
		count_pads(count, fde, &part);
		forget(count);
	}
	count_crossings(count);
	free(count->crossings);
	free(count->suspects);
	if (parts->vote_count > 0)
		qsort(parts->votes, parts->vote_count, sizeof(*parts->votes), compare_votes);
	parts->counted = true;
}

/* The first vote for the part, or where it would be. */
static size_t
first_vote(const struct symbol_parts *parts, uint64_t part)
{
	size_t low = 0;
	size_t high = parts->vote_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (parts->votes[middle].part < part)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t
symbol_parts_function(struct symbol_parts *parts, const struct symbol_table *table,
    const struct flow_source *source, const struct symbol_fde *fde)
{
	struct count count = { .parts = parts, .table = table, .source = source };
	uint64_t best = 0;
	size_t most = 0;
	size_t at;
	size_t run;

	if (!parts->counted)
		count_all(&count);
	for (at = first_vote(parts, fde->start);
	     at < parts->vote_count && parts->votes[at].part == fde->start; at += run) {
		for (run = 1; at + run < parts->vote_count &&
		     compare_votes(&parts->votes[at], &parts->votes[at + run]) == 0;
		     run++)
			;
		if (run == most)
			best = 0;
		if (run <= most)
			continue;
		most = run;
		best = parts->votes[at].function;
	}
	return best;
}

void
symbol_parts_release(struct symbol_parts *parts)
{
	free(parts->votes);
	memset(parts, 0, sizeof(*parts));
}
