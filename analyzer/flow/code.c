#include "analyzer/flow/code.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/flow/returns.h"
#include "analyzer/util/xalloc.h"

enum {
	PARTS_MAX = 256,
	BYTES_MAX = 16 * 1024 * 1024, /* of one function */
	PEEK_MAX = 64 * 1024,         /* bytes of a piece that is looked through */
};

static bool
is_one_of(const char *name, const char *const *names, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* The same names that compilers take for such, with underscores before them. */
static bool
returns_twice(const char *name)
{
	static const char *const names[] = {
		"getcontext",
		"savectx",
		"setjmp",
		"sigsetjmp",
		"vfork",
	};

	if (name[0] == '_' && name[1] == '_' && name[2] == 'x')
		name += 3;
	else if (name[0] == '_')
		name += name[1] == '_' ? 2 : 1;
	return is_one_of(name, names, sizeof(names) / sizeof(names[0]));
}

static void
append(uint64_t **list, size_t *count, size_t *cap, uint64_t value)
{
	*list = xgrow(*list, cap, *count + 1, sizeof(**list));
	(*list)[(*count)++] = value;
}

struct code_part *
code_part(const struct code *code, uint64_t address)
{
	size_t i;

	for (i = 0; i < code->part_count; i++) {
		struct code_part *part = &code->parts[i];

		if (address >= part->part.start && address < part->part.end)
			return part;
	}
	return NULL;
}

/* Where landing pads are, there are instructions. */
static void
add_pads(struct code *code, const struct flow_part *part)
{
	size_t i;

	if (part->pads_unclear)
		code->unclear = true;
	for (i = 0; i < part->pad_count; i++)
		append(&code->work, &code->work_count, &code->work_cap, part->pads[i].landing);
}

static bool
add_part(struct code *code, const struct flow_part *part)
{
	struct code_part *added;
	uint64_t size = part->end - part->start;

	if (code->part_count >= PARTS_MAX || part->end <= part->start ||
	    size > BYTES_MAX - code->bytes)
		return false;
	code->parts =
	    xgrow(code->parts, &code->part_cap, code->part_count + 1, sizeof(*code->parts));
	added = &code->parts[code->part_count++];
	memset(added, 0, sizeof(*added));
	added->part = *part;
	added->marks = xcalloc(size, sizeof(*added->marks));
	code->bytes += size;
	add_pads(code, part);
	return true;
}

bool
code_is_label(const struct code *code, uint64_t address)
{
	const struct code_part *part = code_part(code, address);

	return part != NULL && (address != part->part.start || part->part.fragment);
}

/* Reads the piece from end to end. */
static void
make_line(struct code_part *part)
{
	uint64_t size = part->part.end - part->part.start;
	struct insn insn;
	uint64_t at = 0;

	part->line = xcalloc(size, sizeof(*part->line));
	while (at < size) {
		insn_decode(&insn, part->part.bytes + at, size - at, part->part.start + at, false);
		if (insn.kind == INSN_BAD)
			part->mixed = true;
		part->line[at] = 1;
		at += insn.length;
	}
	/* where control was seen to come decides */
	for (at = 0; at < size; at++) {
		if ((part->marks[at] & CODE_LENGTH) != 0 && part->line[at] == 0)
			part->mixed = true;
	}
}

bool
code_in_line(const struct code *code, uint64_t address)
{
	struct code_part *part = code_part(code, address);

	if (part == NULL)
		return false;
	if (part->line == NULL)
		make_line(part);
	return part->mixed || part->line[address - part->part.start] != 0;
}

/* Does this piece jump back into what the function has, other than to its start? */
static bool
jumps_back(const struct code *code, const struct flow_part *part)
{
	uint64_t size = part->end - part->start;
	struct insn insn;
	uint64_t at = 0;

	if (size > PEEK_MAX)
		size = PEEK_MAX;
	while (at < size) {
		insn_decode(&insn, part->bytes + at, size - at, part->start + at, false);
		if ((insn.kind == INSN_JUMP || insn.kind == INSN_BRANCH) && !insn.slot &&
		    insn.target != 0 && code_is_label(code, insn.target))
			return true;
		at += insn.length;
	}
	return false;
}

/*
 * A jump out of what is known. A fragment is a piece of the function; so is what
 * has no name and jumps back. What is entered elsewhere than at its start is looked
 * at as well: that it is another function's makes the graph only larger.
 */
static enum code_where
look_outside(struct code *code, uint64_t target)
{
	const struct flow_source *source = code->source;
	struct flow_part part;
	const char *name = source->callee(source->data, target, false);

	memset(&part, 0, sizeof(part));
	if (!source->part(source->data, target, &part))
		return name != NULL ? CODE_EXIT : CODE_ASTRAY;
	if (!part.fragment && (name != NULL || (target == part.start && !jumps_back(code, &part))))
		return CODE_EXIT;
	return add_part(code, &part) ? CODE_INSIDE : CODE_ASTRAY;
}

enum code_where
code_locate(struct code *code, uint64_t target)
{
	struct code_part *part = code_part(code, target);
	enum code_where where = CODE_INSIDE;

	if (part == NULL)
		where = look_outside(code, target);
	if (where == CODE_INSIDE)
		append(&code->work, &code->work_count, &code->work_cap, target);
	return where;
}

static bool
is_thunk(const struct code *code, uint64_t target)
{
	const struct flow_source *source = code->source;
	const char *name = source->callee(source->data, target, false);
	struct flow_part part;

	if (name != NULL)
		return flow_is_thunk(name, NULL, 0);
	memset(&part, 0, sizeof(part));
	return source->part(source->data, target, &part) &&
	    flow_is_thunk(NULL, part.bytes + (target - part.start), part.end - target);
}

bool
code_begin(struct code *code, const struct flow_source *source, uint64_t entry)
{
	struct flow_part part;

	memset(code, 0, sizeof(*code));
	memset(&part, 0, sizeof(part));
	code->source = source;
	code->entry = entry;
	if (!source->part(source->data, entry, &part) || part.fragment)
		return false;
	if (!add_part(code, &part)) {
		code->oversized = true;
		return false;
	}
	append(&code->work, &code->work_count, &code->work_cap, entry);
	return true;
}

void
code_release(struct code *code)
{
	size_t i;

	for (i = 0; i < code->part_count; i++) {
		free(code->parts[i].marks);
		free(code->parts[i].line);
	}
	for (i = 0; i < code->end_count; i++)
		free(code->ends[i].targets);
	free(code->parts);
	free(code->ends);
	free(code->work);
	free(code->loaded);
	free(code->taken);
	free(code->tails);
	memset(code, 0, sizeof(*code));
}

/* What the code of another function, which is called, tells of the call. */
static void
look_at_callee(const struct code *code, struct code_end *end)
{
	const struct flow_source *source = code->source;

	if (!end->noreturn)
		end->noreturn = returns_never(source, end->target);
	if (!end->twice)
		end->twice = returns_address_kept(source, end->target);
	if (!end->noreturn && is_thunk(code, end->target))
		end->target = 0;
}

static void
add_call(struct code *code, struct code_end *end)
{
	const struct flow_source *source = code->source;
	const char *name = NULL;

	if (end->target != 0)
		name = source->callee(source->data, end->target, end->slot);
	if (name != NULL) {
		/* such a stub may lead to setjmp as well */
		end->twice = strcmp(name, FLOW_STRANGE) == 0 || returns_twice(name);
		end->noreturn = returns_never_named(name);
	}
	if (end->target != 0 && !end->slot && code_part(code, end->target) == NULL)
		look_at_callee(code, end);
	/* "call 1f; 1: pop": a jump that leaves a return address behind */
	if (end->target != 0 && !end->slot && code_is_label(code, end->target)) {
		code->inner_calls = true;
		append(&code->work, &code->work_count, &code->work_cap, end->target);
	}
}

/* Notes the instruction as the end of its block and where it leads. */
static void
add_end(struct code *code, const struct insn *insn, uint64_t address, bool last)
{
	struct code_end *end;
	enum code_where where = CODE_EXIT;
	enum code_where behind = CODE_INSIDE;
	bool runs_off = last && insn->kind == INSN_PLAIN;
	bool thunk = false;
	uint64_t target = runs_off ? address + insn->length : insn->target;

	if (last && insn->kind == INSN_BRANCH)
		behind = code_locate(code, address + insn->length);
	if (runs_off ||
	    ((insn->kind == INSN_JUMP || insn->kind == INSN_BRANCH) && target != 0 && !insn->slot))
		where = code_locate(code, target);
	if (where == CODE_EXIT && insn->kind == INSN_JUMP && target != 0 && !insn->slot)
		thunk = is_thunk(code, target);
	if (thunk)
		target = 0;
	if (where == CODE_EXIT && insn->kind != INSN_CALL && target != 0 && !insn->slot)
		append(&code->tails, &code->tail_count, &code->tail_cap, target);
	code->ends = xgrow(code->ends, &code->end_cap, code->end_count + 1, sizeof(*code->ends));
	end = &code->ends[code->end_count++];
	memset(end, 0, sizeof(*end));
	end->address = address;
	end->next = address + insn->length;
	end->target = target;
	end->kind = runs_off ? INSN_JUMP : insn->kind;
	end->slot = insn->slot;
	end->thunk = thunk;
	end->where = where;
	end->behind = behind;
	if (end->kind == INSN_CALL)
		add_call(code, end);
}

/* True if control can come to what stands behind the instruction, whose end, if it
 * ends its block, was added last. */
static bool
goes_on(const struct code *code, const struct insn *insn)
{
	switch (insn->kind) {
	case INSN_PLAIN:
	case INSN_BRANCH: return true;
	case INSN_CALL: return !code->ends[code->end_count - 1].noreturn;
	case INSN_JUMP:
	case INSN_RETURN:
	case INSN_STOP:
	case INSN_BAD:
	default: return false;
	}
}

/* What compilers align code with, and what they put where nothing comes to. */
static bool
is_padding(const uint8_t *bytes, size_t length)
{
	for (; length > 1 && (*bytes == 0x66 || *bytes == 0x2e); length--)
		bytes++;
	if (length == 1)
		return *bytes == 0x90 || *bytes == 0xcc;                 /* nop, int3 */
	return *bytes == 0x0f && (bytes[1] == 0x1f || bytes[1] == 0x0b); /* nop, ud2 */
}

static bool
part_is_partial(const struct code_part *part)
{
	uint64_t size = part->part.end - part->part.start;
	struct insn insn;
	uint64_t at = 0;

	while (at < size) {
		uint8_t length = part->marks[at] & CODE_LENGTH;

		if (length == 0) {
			insn_decode(
			    &insn, part->part.bytes + at, size - at, part->part.start + at, false);
			if (!is_padding(part->part.bytes + at, insn.length))
				return true;
			length = insn.length;
		}
		at += length;
	}
	return false;
}

bool
code_is_partial(const struct code *code)
{
	size_t i;

	for (i = 0; i < code->part_count; i++)
		if (part_is_partial(&code->parts[i]))
			return true;
	return false;
}

/* Follows the instructions from address until control cannot just go on. */
static void
follow(struct code *code, size_t at_part, uint64_t address)
{
	uint64_t start = code->parts[at_part].part.start;
	uint64_t size = code->parts[at_part].part.end - start;
	const uint8_t *bytes = code->parts[at_part].part.bytes;
	uint8_t *marks = code->parts[at_part].marks;
	uint64_t at = address - start;
	struct insn insn;

	marks[at] |= CODE_LEADER;
	while (at < size && (marks[at] & CODE_LENGTH) == 0) {
		bool off;

		insn_decode(&insn, bytes + at, size - at, start + at, code->source->fixed);
		code->instructions++;
		marks[at] |= insn.length;
		if (insn.loaded != 0)
			append(&code->loaded, &code->loaded_count, &code->loaded_cap, insn.loaded);
		off = at + insn.length >= size;
		/* behind a call that does not come back, lest its return address be the
		 * next function's */
		if (off && insn.length == 1 && bytes[at] == 0x90)
			insn.kind = INSN_STOP;
		if (insn.kind != INSN_PLAIN || off) {
			marks[at] |= CODE_END;
			add_end(code, &insn, start + at, off);
		}
		at += insn.length;
		if (off || !goes_on(code, &insn))
			return;
		if (insn.kind != INSN_PLAIN)
			marks[at] |= CODE_LEADER;
	}
	/* what two ways of reading the bytes have in common is one block */
	marks[at] |= CODE_LEADER;
}

/* Instructions whose addresses are loaded may be jumped to from anywhere. */
static void
add_taken(struct code *code)
{
	size_t i;

	for (i = 0; i < code->loaded_count; i++) {
		uint64_t address = code->loaded[i];

		if (!code_is_label(code, address) || !code_in_line(code, address))
			continue;
		append(&code->taken, &code->taken_count, &code->taken_cap, address);
		append(&code->work, &code->work_count, &code->work_cap, address);
	}
}

static int
compare_addresses(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static int
compare_ends(const void *left, const void *right)
{
	const struct code_end *a = left;
	const struct code_end *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

static void
sort_addresses(uint64_t *list, size_t *count)
{
	size_t kept = 0;
	size_t i;

	if (*count > 0)
		qsort(list, *count, sizeof(*list), compare_addresses);
	for (i = 0; i < *count; i++) {
		if (kept == 0 || list[i] != list[kept - 1])
			list[kept++] = list[i];
	}
	*count = kept;
}

void
code_explore(struct code *code)
{
	size_t known;

	do {
		while (code->work_count > 0) {
			uint64_t address = code->work[--code->work_count];
			struct code_part *part = code_part(code, address);

			/* landing pads may lie in a piece of their own */
			if (part == NULL)
				code_locate(code, address);
			part = code_part(code, address);
			if (part != NULL)
				follow(code, (size_t)(part - code->parts), address);
		}
		sort_addresses(code->loaded, &code->loaded_count);
		known = code->taken_count;
		code->taken_count = 0;
		add_taken(code);
	} while (code->taken_count != known);
	code->work_count = 0;
	sort_addresses(code->tails, &code->tail_count);
	if (code->end_count > 0)
		qsort(code->ends, code->end_count, sizeof(*code->ends), compare_ends);
}

struct code_end *
code_end(const struct code *code, uint64_t address)
{
	struct code_end key = { .address = address };

	if (code->end_count == 0)
		return NULL;
	return bsearch(&key, code->ends, code->end_count, sizeof(*code->ends), compare_ends);
}
