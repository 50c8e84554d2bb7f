/*
 * A resolver whose answers stand in the offsets: bits 8-15 the physical
 * function, 0-7 the line in it, 16-23 a function inlined there (0: none), its
 * line then being 0-7 and the call's 24-31. Function 1 is start-up code, 2
 * "operator new", 3 "operator delete"; n is named "fn". Bits 32-39 of a call: the
 * function that it calls, which left by a jump (in its line 99) for that of 40-47, and
 * so to what runs; 255: it calls through a pointer.
 */
#include "analyzer/symbol/symbol.h"

#include <stdio.h>
#include <stdlib.h>

#include "analyzer/util/map.h"
#include "analyzer/util/xalloc.h"

struct symbol {
	struct map places;
	uint32_t modules;
	void **owned;
	size_t count;
	size_t cap;
};

struct symbol *
symbol_new(void)
{
	return xcalloc(1, sizeof(struct symbol));
}

static void *
fake_own(struct symbol *symbol, void *block)
{
	symbol->owned =
	    xgrow(symbol->owned, &symbol->cap, symbol->count + 1, sizeof(*symbol->owned));
	symbol->owned[symbol->count++] = block;
	return block;
}

void
symbol_free(struct symbol *symbol)
{
	size_t i;

	for (i = 0; i < symbol->count; i++)
		free(symbol->owned[i]);
	free(symbol->owned);
	map_release(&symbol->places);
	free(symbol);
}

uint32_t
symbol_add_module(struct symbol *symbol, const struct symbol_module *module)
{
	(void)module;
	return symbol->modules++;
}

static const char *
fake_name(struct symbol *symbol, unsigned function)
{
	if (function == 1)
		return "_start";
	if (function == 2)
		return "operator new";
	if (function == 3)
		return "operator delete";
	return fake_own(symbol, xasprintf("f%u", function));
}

static struct symbol_frame
fake_frame(struct symbol *symbol, unsigned function, unsigned line, uint64_t instance, bool inlined)
{
	const char *name = fake_name(symbol, function);

	return (struct symbol_frame){ .function = name,
		.symbol = name,
		.file = "app.c",
		.line = function * 1000 + line,
		.column = 1,
		.instance = instance,
		.inlined = inlined };
}

const struct symbol_place *
symbol_resolve(struct symbol *symbol, uint32_t module, uint64_t offset, bool is_return)
{
	unsigned physical = offset >> 8 & 255, inlined = offset >> 16 & 255;
	unsigned line = offset & 255, call = offset >> 24 & 255;
	struct symbol_place *place;
	struct symbol_frame *frames;
	uint64_t *slot =
	    map_insert(&symbol->places, (struct map_key){ module, offset << 1 | is_return }, NULL);
	uint64_t start = (uint64_t)physical << 8;
	size_t count = 0;

	if (*slot != 0)
		return (const struct symbol_place *)(uintptr_t)*slot;
	place = fake_own(symbol, xcalloc(1, sizeof(*place)));
	*slot = (uint64_t)(uintptr_t)place;
	frames = fake_own(symbol, xcalloc(2, sizeof(*frames)));
	if (inlined != 0)
		frames[count++] = fake_frame(
		    symbol, inlined, line, 1000000 + (uint64_t)inlined * 1000 + call, true);
	frames[count] = fake_frame(symbol, physical, inlined != 0 ? call : line, start, false);
	place->frames = frames;
	place->count = count + 1;
	place->function = start;
	place->startup = physical == 1;
	place->once = place->startup;
	return place;
}

/* The call on line 200 + n is of function 32 + n, which ends in a jump to the hook.
 * Which other functions do is not known. */
void
symbol_tail_chain(struct symbol *symbol, uint32_t module, uint64_t offset,
    const struct symbol_callee *callee, const struct symbol_scope *scope,
    struct symbol_chain *chain)
{
	uint64_t line = offset & 255;
	unsigned shift;

	(void)scope;
	*chain = (struct symbol_chain){ .kind = SYMBOL_CHAIN_NONE };
	if ((offset >> 32 & 255) == 255) {
		chain->kind = SYMBOL_CHAIN_UNKNOWN;
		chain->indirect = true;
		return;
	}
	for (shift = 32; shift <= 40 && (offset >> shift & 255) != 0; shift += 8) {
		uint64_t jump = (offset >> shift & 255) << 8 | 99;

		chain->kind = SYMBOL_CHAIN_ONE;
		chain->modules[chain->count] = module;
		chain->jumps[chain->count] = jump;
		chain->places[chain->count++] = symbol_resolve(symbol, module, jump, false);
	}
	if (callee->names == NULL || chain->count > 0)
		return;
	chain->kind = SYMBOL_CHAIN_UNKNOWN;
	if (line < 200)
		return;
	chain->kind = SYMBOL_CHAIN_ONE;
	chain->places[0] = symbol_resolve(symbol, module, (32 + line - 200) << 8 | 99, true);
	chain->modules[0] = module;
	chain->count = 1;
}

/* No code. */
struct flow *
symbol_flow(struct symbol *symbol, uint32_t module, uint64_t entry)
{
	(void)symbol;
	(void)module;
	(void)entry;
	return NULL;
}

const char *
symbol_callee_name(struct symbol *symbol, uint32_t module, uint64_t address, bool slot)
{
	(void)symbol;
	(void)module;
	(void)address;
	(void)slot;
	return NULL;
}

void
symbol_set_cache(struct symbol *symbol, const char *directory)
{
	(void)symbol;
	(void)directory;
}

void
symbol_save_cache(struct symbol *symbol, struct symbol_cached *cached)
{
	(void)symbol;
	*cached = (struct symbol_cached){ 0 };
}

enum symbol_state
symbol_module_state(const struct symbol *symbol, uint32_t module)
{
	(void)symbol;
	(void)module;
	return SYMBOL_DWARF;
}

const char *
symbol_module_debug(const struct symbol *symbol, uint32_t module)
{
	(void)symbol;
	(void)module;
	return NULL;
}

enum symbol_code_state
symbol_code_state(const struct symbol *symbol, uint32_t module)
{
	(void)symbol;
	(void)module;
	return SYMBOL_CODE_NONE;
}

const char *
symbol_code_word(enum symbol_code_state state)
{
	return state == SYMBOL_CODE_NONE ? "none" : "";
}

const char *
symbol_module_failure(const struct symbol *symbol, uint32_t module)
{
	(void)symbol;
	(void)module;
	return NULL;
}

enum symbol_guard
symbol_module_guard(const struct symbol *symbol, uint32_t module)
{
	(void)symbol;
	(void)module;
	return SYMBOL_GUARD_NONE;
}

const char *
symbol_module_refused(const struct symbol *symbol, uint32_t module)
{
	(void)symbol;
	(void)module;
	return NULL;
}
