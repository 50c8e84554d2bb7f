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

/* What is counted. */
struct count {
	struct symbol_parts *parts;
	const struct symbol_table *table;
	const struct flow_source *source;
};

/* A PLT has a frame from its start too, but is no code of the source. */
static bool
is_part(const struct count *count, const struct symbol_fde *fde)
{
	struct flow_part part;

	return fde->inner && count->source->part(count->source->data, fde->start, &part);
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

static bool
is_in_range(const struct symbol_parts *parts, uint64_t address)
{
	return address >= parts->range.start && address < parts->range.end;
}

/* A jump from fde. */
static void
count_jump(const struct count *count, const struct symbol_fde *fde, uint64_t to)
{
	const struct symbol_fde *target;

	/* most jumps are neither from nor to the parts */
	if ((to >= fde->start && to < fde->end) || (!is_in_range(count->parts, to) && !fde->inner))
		return;
	target = symbol_elf_fde(count->table, to);
	if (target == NULL || target == fde)
		return;
	if (is_part(count, target) && !fde->inner)
		add_vote(count->parts, target, fde);
	else if (fde->inner && !target->inner && to != target->start)
		add_vote(count->parts, fde, target);
}

/* Looks for jmp and jcc with 4-byte distances at every byte: the few that are none
 * are outvoted. */
static void
count_jumps(const struct count *count, const struct symbol_fde *fde, const struct flow_part *part)
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

		if (!fde->inner)
			continue;
		if (fde->start < parts->range.start)
			parts->range.start = fde->start;
		if (fde->end > parts->range.end)
			parts->range.end = fde->end;
	}
}

static void
count_all(const struct count *count)
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
	}
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
	struct count count = { parts, table, source };
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
