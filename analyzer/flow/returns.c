#include "analyzer/flow/returns.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/flow/insn.h"
#include "analyzer/util/map.h"
#include "analyzer/util/xalloc.h"

enum {
	INSTRUCTIONS_MAX = 2000, /* that are looked at, of one function */
	PLACES_MAX = 256,        /* where its branches lead */
	DEPTH_MAX = 3,           /* of functions that call such a function last */
	KEEPS_MAX = 32,          /* instructions before a function keeps its return address */
};

/*
 * In source->returns: at depths below the lower byte a function was seen not to
 * return, at the upper byte and below it was not seen. Who looks from further away sees
 * less, so that both hold for the depths between; and the answer does not depend on
 * what was asked before. Above these: whether it keeps its return address.
 */
enum { BYTE = 8, MASK = 0xff, NOTHING = (DEPTH_MAX + 1) << BYTE };
enum { KEEPS_ASKED = 1 << 16, KEEPS = 1 << 17 };

/* Reserved names of what ends the activation, the thread or the program. */
static const char *const never_returning[] = {
	"_Exit",
	"_Unwind_Resume",
	"_ZSt10unexpectedv",
	"_ZSt16__throw_bad_castv",
	"_ZSt17__throw_bad_allocv",
	"_ZSt19__throw_logic_errorPKc",
	"_ZSt20__throw_length_errorPKc",
	"_ZSt20__throw_out_of_rangePKc",
	"_ZSt24__throw_out_of_range_fmtPKcz",
	"_ZSt25__throw_bad_function_callv",
	"_ZSt28__throw_bad_array_new_lengthv",
	"_ZSt9terminatev",
	"__assert_fail",
	"__chk_fail",
	"__cxa_bad_cast",
	"__cxa_bad_typeid",
	"__cxa_pure_virtual",
	"__cxa_rethrow",
	"__cxa_throw",
	"__cxa_throw_bad_array_new_length",
	"__fortify_fail",
	"__longjmp_chk",
	"__stack_chk_fail",
	"_exit",
	"_longjmp",
	"abort",
	"exit",
	"longjmp",
	"pthread_exit",
	"quick_exit",
	"siglongjmp",
};

bool
returns_never_named(const char *name)
{
	size_t i;

	for (i = 0; name != NULL && i < sizeof(never_returning) / sizeof(never_returning[0]); i++) {
		if (strcmp(name, never_returning[i]) == 0)
			return true;
	}
	return false;
}

struct look {
	const struct flow_source *source;
	struct flow_part part; /* that is looked at */
	uint64_t entry;
	uint64_t places[PLACES_MAX]; /* all that were found */
	size_t count;
	size_t instructions;
	unsigned int depth;
};

static bool look_through(const struct flow_source *source, uint64_t entry, unsigned int depth);

/* False if there are too many. */
static bool
add_place(struct look *look, uint64_t address)
{
	size_t i;

	for (i = 0; i < look->count; i++) {
		if (look->places[i] == address)
			return true;
	}
	if (look->count == PLACES_MAX)
		return false;
	look->places[look->count++] = address;
	return true;
}

/* Takes the piece that holds address as the one to look at; false if control leaves
 * the function, or might, when it comes there. */
static bool
enter_part(struct look *look, uint64_t address)
{
	size_t i;

	if (address >= look->part.start && address < look->part.end)
		return true;
	memset(&look->part, 0, sizeof(look->part));
	if (!look->source->part(look->source->data, address, &look->part) ||
	    look->part.pads_unclear || (address != look->entry && !look->part.fragment))
		return false;
	for (i = 0; i < look->part.pad_count; i++) {
		if (!add_place(look, look->part.pads[i].landing))
			return false;
	}
	return true;
}

/* A call of a place in the midst of the function. */
static bool
is_inner(const struct look *look, const struct insn *insn)
{
	return !insn->slot && insn->target != look->entry && insn->target >= look->part.start &&
	    insn->target < look->part.end;
}

/* Does the call never come back? */
static bool
is_last(const struct look *look, const struct insn *insn)
{
	const struct flow_source *source = look->source;

	if (insn->target == 0)
		return false;
	if (returns_never_named(source->callee(source->data, insn->target, insn->slot)))
		return true;
	return !insn->slot && insn->target != look->entry && look->depth < DEPTH_MAX &&
	    look_through(source, insn->target, look->depth + 1);
}

/* Control goes on behind the instruction, it ends there, or the function can be left. */
enum way { WAY_ON, WAY_ENDS, WAY_LEAVES };

/* after: where the instruction ends. */
static enum way
way_of(struct look *look, const struct insn *insn, uint64_t after)
{
	switch (insn->kind) {
	case INSN_PLAIN: return WAY_ON;
	case INSN_CALL:
		/* "call 1f": who returns there is another way through the function */
		if (is_inner(look, insn))
			return WAY_LEAVES;
		/* at the very end a call is the last thing anyway */
		return after == look->part.end || is_last(look, insn) ? WAY_ENDS : WAY_ON;
	case INSN_BRANCH: return insn->slot || !add_place(look, insn->target) ? WAY_LEAVES : WAY_ON;
	case INSN_JUMP:
		if (insn->target == 0 || insn->slot || !add_place(look, insn->target))
			return WAY_LEAVES;
		return WAY_ENDS;
	case INSN_STOP: return WAY_ENDS;
	case INSN_RETURN:
	case INSN_BAD:
	default: return WAY_LEAVES;
	}
}

/* Follows the code from address; false if the function can be left that way. */
static bool
follow(struct look *look, uint64_t address)
{
	struct insn insn;
	enum way way;

	while (look->instructions++ < INSTRUCTIONS_MAX) {
		if (!enter_part(look, address))
			return false;
		insn_decode(&insn, look->part.bytes + (address - look->part.start),
		    look->part.end - address, address, look->source->fixed);
		/* where its address is known, control can come to it some other way */
		if (insn.loaded != look->entry && insn.loaded >= look->part.start &&
		    insn.loaded < look->part.end)
			return false;
		address += insn.length;
		way = way_of(look, &insn, address);
		if (way != WAY_ON)
			return way == WAY_ENDS;
	}
	return false;
}

static bool
never_leaves(const struct flow_source *source, uint64_t entry, unsigned int depth)
{
	struct look *look = xcalloc(1, sizeof(*look));
	bool never = true;
	size_t at;

	look->source = source;
	look->entry = entry;
	look->depth = depth;
	add_place(look, entry);
	for (at = 0; never && at < look->count; at++)
		never = follow(look, look->places[at]);
	free(look);
	return never;
}

static uint64_t
recall(const struct flow_source *source, uint64_t entry)
{
	struct map_key key = { .lo = entry };
	const uint64_t *known = source->returns != NULL ? map_find(source->returns, key) : NULL;

	return known != NULL ? *known : NOTHING;
}

static void
remember(const struct flow_source *source, uint64_t entry, uint64_t what)
{
	if (source->returns != NULL)
		*map_insert(source->returns, (struct map_key){ .lo = entry }, NULL) = what;
}

/* The same, remembered. Goes no deeper than DEPTH_MAX. */
static bool
look_through(const struct flow_source *source, uint64_t entry, unsigned int depth)
{
	uint64_t known = recall(source, entry);
	uint64_t never_below = known & MASK;
	uint64_t may_from = known >> BYTE & MASK;
	bool never;

	if (depth < never_below || depth >= may_from)
		return depth < never_below;
	never = never_leaves(source, entry, depth);
	if (never)
		never_below = depth + 1;
	else
		may_from = depth;
	/* what it calls may be what it is called by, and was looked at meanwhile */
	known = recall(source, entry) & (KEEPS_ASKED | KEEPS);
	remember(source, entry, known | may_from << BYTE | never_below);
	return never;
}

bool
returns_never(const struct flow_source *source, uint64_t entry)
{
	return look_through(source, entry, 0);
}

/* Does the instruction make room on the stack? */
static bool
is_push(const uint8_t *bytes, size_t length)
{
	if (length > 1 && (bytes[0] & 0xf0) == 0x40) {
		bytes++;
		length--;
	}
	if ((bytes[0] & 0xf8) == 0x50 || bytes[0] == 0x68 || bytes[0] == 0x6a)
		return true;
	/* sub $number,%rsp */
	return length > 1 && (bytes[0] == 0x81 || bytes[0] == 0x83) && bytes[1] == 0xec;
}

/* Does it read what the stack pointer points to: mov (%rsp),%reg or pop %reg? */
static bool
reads_top(const uint8_t *bytes, size_t length)
{
	if (length > 1 && (bytes[0] & 0xf0) == 0x40) {
		bytes++;
		length--;
	}
	if (length == 1)
		return (bytes[0] & 0xf8) == 0x58;
	return length == 3 && bytes[0] == 0x8b && (bytes[1] & 0xc7) == 0x04 && bytes[2] == 0x24;
}

static bool
keeps_address(const struct flow_source *source, uint64_t entry)
{
	struct flow_part part;
	struct insn insn;
	const uint8_t *bytes;
	uint64_t at;
	size_t i;

	memset(&part, 0, sizeof(part));
	if (!source->part(source->data, entry, &part))
		return false;
	for (at = entry, i = 0; at < part.end && i < KEEPS_MAX; at += insn.length, i++) {
		bytes = part.bytes + (at - part.start);
		insn_decode(&insn, bytes, part.end - at, at, source->fixed);
		if (insn.kind != INSN_PLAIN || is_push(bytes, insn.length))
			return false;
		if (reads_top(bytes, insn.length))
			return true;
	}
	return false;
}

bool
returns_address_kept(const struct flow_source *source, uint64_t entry)
{
	uint64_t known = recall(source, entry);

	if ((known & KEEPS_ASKED) == 0) {
		known |= KEEPS_ASKED | (keeps_address(source, entry) ? KEEPS : 0);
		remember(source, entry, known);
	}
	return (known & KEEPS) != 0;
}
