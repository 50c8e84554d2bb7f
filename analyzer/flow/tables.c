#include "analyzer/flow/tables.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/util/xalloc.h"

enum { ENTRIES_MAX = 65536, ENTRIES_SEARCHED = 4096 };

static int
compare_addresses(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* Makes found, which it takes over, the targets, together with those that there
 * are. True if that made a difference. */
static bool
set_targets(struct code_end *end, uint64_t *found, size_t count)
{
	size_t before = end->target_count;
	size_t kept = 0;
	size_t i;

	found = xreallocarray(found, count + before + 1, sizeof(*found));
	if (before > 0)
		memcpy(found + count, end->targets, before * sizeof(*found));
	count += before;
	if (count > 0)
		qsort(found, count, sizeof(*found), compare_addresses);
	for (i = 0; i < count; i++) {
		if (kept == 0 || found[i] != found[kept - 1])
			found[kept++] = found[i];
	}
	free(end->targets);
	end->targets = found;
	end->target_count = kept;
	return kept != before;
}

/* A jump with several origins is resolved if it is for each of them. */
static void
note(struct code_end *end, bool resolved)
{
	if (!resolved)
		end->jump = CODE_OPEN;
	else if (end->jump == CODE_UNSEEN)
		end->jump = CODE_RESOLVED;
}

/* True if address is code of the function, as a table's entry can name it. */
static bool
is_inside(struct code *code, uint64_t address)
{
	struct flow_part part;

	if (code_part(code, address) == NULL) {
		memset(&part, 0, sizeof(part));
		if (!code->source->part(code->source->data, address, &part) || !part.fragment)
			return false;
	}
	return code_locate(code, address) == CODE_INSIDE;
}

bool
tables_constant(struct code *code, const struct tables_jump *jump)
{
	uint64_t *found = xcalloc(1, sizeof(*found));

	found[0] = jump->table;
	note(jump->end, true);
	switch (code_locate(code, jump->table)) {
	case CODE_INSIDE: return set_targets(jump->end, found, 1);
	case CODE_EXIT: jump->end->leaves = true; break;
	case CODE_ASTRAY:
	default: note(jump->end, false); break;
	}
	free(found);
	return false;
}

/* True if the code loads this address: another table begins there. */
static bool
is_loaded(const struct code *code, uint64_t address)
{
	return code->loaded_count > 0 &&
	    bsearch(&address, code->loaded, code->loaded_count, sizeof(address),
		compare_addresses) != NULL;
}

static bool
read_relative(const struct code *code, const struct tables_jump *jump, size_t at, uint64_t *target)
{
	uint32_t entry;

	if (!code->source->read(code->source->data, jump->table + at * 4, &entry, sizeof(entry)))
		return false;
	*target = jump->base + (jump->sign ? (uint64_t)(int64_t)(int32_t)entry : entry);
	return true;
}

bool
tables_relative(struct code *code, const struct tables_jump *jump)
{
	/* a bound that is no more than the width of a type is none */
	bool bounded = jump->bounded && jump->bound != UINT8_MAX && jump->bound < ENTRIES_MAX - 1;
	size_t count = bounded ? (size_t)jump->bound + 1 : ENTRIES_SEARCHED;
	uint64_t *found = NULL;
	size_t cap = 0;
	uint64_t target;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!bounded && i > 0 && is_loaded(code, jump->table + i * 4))
			break;
		/* entries of the table are all code: what is not lies behind it */
		if (!read_relative(code, jump, i, &target) ||
		    (!bounded && code_part(code, target) != NULL && !code_in_line(code, target)) ||
		    !is_inside(code, target))
			break;
		found = xgrow(found, &cap, i + 1, sizeof(*found));
		found[i] = target;
	}
	note(jump->end, i > 0);
	return set_targets(jump->end, found, i);
}

/* The table begins with a label: what is loaded from it is one as it stands there. */
static bool
has_label(struct code *code, const struct tables_jump *jump)
{
	uint64_t first;

	return code->source->read(code->source->data, jump->table, &first, sizeof(first)) &&
	    is_inside(code, first);
}

bool
tables_absolute(struct code *code, const struct tables_jump *jump)
{
	size_t count = (size_t)jump->bound + 1;
	uint64_t *found;
	size_t kept = 0;
	uint64_t target;
	size_t i;

	jump->end->tabled = has_label(code, jump);
	if (!jump->bounded || jump->bound >= ENTRIES_MAX - 1)
		return tables_pointer(code, jump);
	found = xcalloc(count, sizeof(*found));
	note(jump->end, true);
	for (i = 0; i < count; i++) {
		if (!code->source->read(
			code->source->data, jump->table + i * 8, &target, sizeof(target))) {
			free(found);
			return tables_pointer(code, jump);
		}
		if (is_inside(code, target))
			found[kept++] = target;
		else
			jump->end->leaves = true;
	}
	return set_targets(jump->end, found, kept);
}

/* Adds those of the labels that are inside and begin no function. */
static size_t
add_labels(struct code *code, const uint64_t *labels, size_t count, uint64_t *found, size_t kept)
{
	size_t i;

	for (i = 0; i < count; i++) {
		/* a number that only looks like an address is seldom that of an instruction */
		if (code_is_label(code, labels[i]) && code_in_line(code, labels[i]) &&
		    code_locate(code, labels[i]) == CODE_INSIDE)
			found[kept++] = labels[i];
	}
	return kept;
}

bool
tables_pointer(struct code *code, const struct tables_jump *jump)
{
	const struct flow_source *source = code->source;
	uint64_t *found = NULL;
	const uint64_t *labels;
	size_t kept = 0;
	size_t i;

	found = xcalloc(code->taken_count + 1, sizeof(*found));
	kept = add_labels(code, code->taken, code->taken_count, found, kept);
	for (i = 0; i < code->part_count; i++) {
		size_t count = source->labels(
		    source->data, code->parts[i].part.start, code->parts[i].part.end, &labels);

		found = xreallocarray(found, kept + count + 1, sizeof(*found));
		kept = add_labels(code, labels, count, found, kept);
	}
	jump->end->pointer = true;
	jump->end->leaves = !jump->stack_known || jump->stack_empty;
	jump->end->jump = kept > 0 || jump->end->target_count > 0 || jump->stack_empty
	    ? CODE_RESOLVED
	    : CODE_OPEN;
	return set_targets(jump->end, found, kept);
}
