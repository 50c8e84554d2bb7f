#include "analyzer/symbol/symbol_calls.h"

#include <stdlib.h>
#include <string.h>

#include <dwarf.h>

#include "analyzer/symbol/symbol_dwarf.h"
#include "analyzer/symbol/symbol_string.h"
#include "analyzer/util/xalloc.h"

enum {
	DEPTH_MAX = 256,
	DIES_MAX = 10 * 1000 * 1000, /* of one function */
};

static bool
has_flag(Dwarf_Die *die, unsigned int attribute)
{
	Dwarf_Attribute memory;
	bool set;

	return dwarf_formflag(dwarf_attr(die, attribute, &memory), &set) == 0 && set;
}

/* An attribute of the function or of what it is a copy of. */
static bool
has_flag_of_copy(Dwarf_Die *die, unsigned int attribute)
{
	Dwarf_Attribute memory;
	bool set;

	return dwarf_formflag(dwarf_attr_integrate(die, attribute, &memory), &set) == 0 && set;
}

static uint64_t
address_of(Dwarf_Die *die, unsigned int attribute)
{
	Dwarf_Attribute memory;
	Dwarf_Addr value;

	if (dwarf_formaddr(dwarf_attr(die, attribute, &memory), &value) != 0)
		return 0;
	return value;
}

static const char *
text_of(Dwarf_Die *die, unsigned int attribute)
{
	Dwarf_Attribute memory;

	return symbol_string_of(dwarf_attr_integrate(die, attribute, &memory));
}

/* What a call site says it calls. */
static void
set_origin(struct symbol_call *call)
{
	Dwarf_Attribute memory;

	if (dwarf_attr(&call->site, DW_AT_call_origin, &memory) == NULL &&
	    dwarf_attr(&call->site, DW_AT_abstract_origin, &memory) == NULL)
		return;
	if (dwarf_formref_die(&memory, &call->called) == NULL)
		return;
	call->name = text_of(&call->called, DW_AT_linkage_name);
	if (call->name == NULL)
		call->name = text_of(&call->called, DW_AT_MIPS_linkage_name);
	if (call->name == NULL)
		call->name = text_of(&call->called, DW_AT_name);
}

uint64_t
symbol_calls_target(struct symbol_dwarf *dwarf, const struct symbol_call *call)
{
	Dwarf_Die site = call->site;
	Dwarf_Die origin;

	symbol_dwarf_origin(&call->called, &origin);
	return symbol_dwarf_copy(dwarf, &origin, &site);
}

static void
add_call(struct symbol_calls *calls, Dwarf_Die *site)
{
	struct symbol_call call = { .site = *site };

	call.tail = has_flag(site, DW_AT_call_tail_call) || has_flag(site, DW_AT_GNU_tail_call);
	call.pc = address_of(site, DW_AT_call_pc);
	call.after = address_of(site, DW_AT_call_return_pc);
	if (call.after == 0)
		call.after = address_of(site, DW_AT_low_pc);
	if (call.pc == 0 && call.after == 0)
		return;
	set_origin(&call);
	calls->list = xgrow(calls->list, &calls->cap, calls->count + 1, sizeof(*calls->list));
	calls->list[calls->count++] = call;
}

static bool
may_hold_calls(int tag)
{
	return tag == DW_TAG_lexical_block || tag == DW_TAG_inlined_subroutine ||
	    tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
}

static void
collect(struct symbol_calls *calls, Dwarf_Die *function)
{
	Dwarf_Die stack[DEPTH_MAX];
	size_t depth = 0;
	size_t seen = 0;
	const void *last = function->addr;
	bool more = symbol_dwarf_child(function, &stack[0]);

	while (more && seen++ < DIES_MAX && symbol_dwarf_is_behind(&stack[depth], &last)) {
		Dwarf_Die *die = &stack[depth];
		int tag = dwarf_tag(die);

		if (tag == DW_TAG_call_site || tag == DW_TAG_GNU_call_site)
			add_call(calls, die);
		if (may_hold_calls(tag) && depth + 1 < DEPTH_MAX &&
		    symbol_dwarf_child(die, &stack[depth + 1])) {
			depth++;
			continue;
		}
		while (!(more = symbol_dwarf_sibling(&stack[depth])) && depth > 0)
			depth--;
	}
}

/* clang writes no call site for a function that it knows itself, as malloc, and
 * says of the rest that they are all. */
static bool
is_lax(Dwarf_Die *function)
{
	const char *producer = NULL;
	Dwarf_Die root;

	if (dwarf_diecu(function, &root, NULL, NULL) != NULL)
		producer = text_of(&root, DW_AT_producer);
	return producer == NULL || strncmp(producer, "GNU ", 4) != 0;
}

static struct symbol_calls *
make_calls(Dwarf_Die *function)
{
	struct symbol_calls *calls = xcalloc(1, sizeof(*calls));

	calls->whole = has_flag_of_copy(function, DW_AT_call_all_calls) ||
	    has_flag_of_copy(function, DW_AT_call_all_tail_calls) ||
	    has_flag_of_copy(function, DW_AT_GNU_all_call_sites) ||
	    has_flag_of_copy(function, DW_AT_GNU_all_tail_call_sites);
	calls->lax = is_lax(function);
	collect(calls, function);
	return calls;
}

const struct symbol_calls *
symbol_calls_of(struct symbol_calls_cache *cache, struct symbol_dwarf *dwarf, uint64_t addr)
{
	struct map_key key = { 0 };
	Dwarf_Die function;
	uint64_t *value;
	bool fresh;

	if (!symbol_dwarf_function(dwarf, addr, &function))
		return NULL;
	key.lo = (uintptr_t)function.addr;
	value = map_insert(&cache->by_function, key, &fresh);
	if (fresh)
		*value = (uintptr_t)make_calls(&function);
	return (const struct symbol_calls *)(uintptr_t)*value;
}

void
symbol_calls_release(struct symbol_calls_cache *cache)
{
	struct symbol_calls *calls;
	struct map_key key;
	uint64_t value;
	size_t at = 0;

	while (map_next(&cache->by_function, &at, &key, &value)) {
		calls = (struct symbol_calls *)(uintptr_t)value;
		free(calls->list);
		free(calls);
	}
	map_release(&cache->by_function);
}
