#include "analyzer/symbol/symbol.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/symbol/symbol_answers.h"
#include "analyzer/symbol/symbol_module.h"
#include "analyzer/util/xalloc.h"

enum { CACHE_MAX = 512 * 1024 * 1024 };

static const struct symbol_frame unknown_frame = {
	.function = "??",
	.symbol = "??",
	.file = "",
};

static const struct symbol_place unknown_place = {
	.frames = &unknown_frame,
	.count = 1,
};

static const struct symbol_frame anonymous_frame = {
	.function = "[anon exec]",
	.symbol = "[anon exec]",
	.file = "",
};

/* No module was loaded there: generated code. */
static const struct symbol_place anonymous_place = {
	.frames = &anonymous_frame,
	.count = 1,
};

struct symbol *
symbol_new(void)
{
	struct symbol *symbol = xcalloc(1, sizeof(*symbol));

	symbol->root = xstrdup("/usr/lib/debug");
	symbol->children = symbol_children_new();
	return symbol;
}

static void
module_free(struct module *module)
{
	symbol_child_release(&module->child);
	symbol_tail_release(module);
	symbol_flow_release(module);
	map_release(&module->exports);
	symbol_cache_free(module->cache);
	free(module->debug);
	free(module->refused);
	free(module->path);
	free(module->build_id);
	free(module);
}

void
symbol_free(struct symbol *symbol)
{
	size_t i;

	if (symbol == NULL)
		return;
	for (i = 0; i < symbol->module_count; i++)
		module_free(symbol->modules[i]);
	symbol_children_free(symbol->children);
	free(symbol->modules);
	free(symbol->handles);
	map_release(&symbol->by_key);
	map_release(&symbol->places);
	arena_release(&symbol->arena);
	free(symbol->root);
	free(symbol->cache);
	free(symbol);
}

void
symbol_set_debug_root(struct symbol *symbol, const char *root)
{
	char *copy = root != NULL ? xstrdup(root) : NULL;

	free(symbol->root);
	symbol->root = copy;
}

void
symbol_set_cache(struct symbol *symbol, const char *directory)
{
	char *copy = directory != NULL ? xstrdup(directory) : NULL;

	free(symbol->cache);
	symbol->cache = copy;
}

void
symbol_save_cache(struct symbol *symbol, struct symbol_cached *cached)
{
	size_t i;

	*cached = (struct symbol_cached){ 0 };
	for (i = 0; i < symbol->module_count; i++) {
		struct module *module = symbol->modules[i];

		if (module->cache == NULL ||
		    !symbol_cache_count(module->cache, &cached->found, &cached->added))
			continue;
		cached->modules += module->state_known;
		cached->written += symbol_answers_save(module);
	}
	if (cached->written > 0)
		symbol_cache_trim(symbol->cache, CACHE_MAX);
}

static bool
is_same(const struct module *module, const struct symbol_module *wanted)
{
	return strcmp(module->path, wanted->path) == 0 &&
	    module->build_id_len == wanted->build_id_len &&
	    (wanted->build_id_len == 0 ||
		memcmp(module->build_id, wanted->build_id, wanted->build_id_len) == 0);
}

static size_t
module_new(struct symbol *symbol, const struct symbol_module *wanted)
{
	struct module *module = xcalloc(1, sizeof(*module));

	module->symbol = symbol;
	module->path = xstrdup(wanted->path);
	if (wanted->build_id_len > 0) {
		module->build_id = xmalloc(wanted->build_id_len);
		memcpy(module->build_id, wanted->build_id, wanted->build_id_len);
		module->build_id_len = wanted->build_id_len;
	}
	module->child.children = symbol->children;
	module->child.broker = (struct symbol_broker){ .path = module->path,
		.build_id = module->build_id,
		.build_id_len = module->build_id_len };
	symbol->modules = xgrow(symbol->modules, &symbol->module_cap, symbol->module_count + 1,
	    sizeof(struct module *));
	symbol->modules[symbol->module_count] = module;
	return symbol->module_count++;
}

uint32_t
symbol_add_module(struct symbol *symbol, const struct symbol_module *wanted)
{
	struct map_key key;
	uint64_t *value;
	size_t index;
	bool fresh;

	key = map_key_of((struct map_key){ 0, 0 }, wanted->path, strlen(wanted->path));
	key = map_key_of(key, wanted->build_id, wanted->build_id_len);
	value = map_insert(&symbol->by_key, key, &fresh);
	if (!fresh && is_same(symbol->modules[*value - 1], wanted)) {
		index = *value - 1;
	} else {
		index = module_new(symbol, wanted);
		*value = index + 1;
	}
	symbol->handles = xgrow(symbol->handles, &symbol->handle_cap, symbol->handle_count + 1,
	    sizeof(*symbol->handles));
	symbol->handles[symbol->handle_count] = index;
	return (uint32_t)symbol->handle_count++;
}

/* ---- modules ---- */

struct module *
symbol_module_of(struct symbol *symbol, uint32_t handle)
{
	struct module *module = symbol->modules[symbol->handles[handle]];

	if (module->cache == NULL) {
		module->child.broker.root = symbol->root;
		symbol_answers_open(symbol, module);
	}
	return module;
}

void
symbol_module_lost(struct module *module)
{
	module->state = SYMBOL_FAILED;
	module->code_state = SYMBOL_CODE_FAILED;
}

uint64_t
symbol_module_function(struct module *module, uint64_t addr)
{
	uint64_t function = 0;

	if (module->cache == NULL) {
		module->child.broker.root = module->symbol->root;
		symbol_answers_open(module->symbol, module);
	}
	symbol_answers_number(module, SYMBOL_ASK_FUNCTION, addr, &function);
	return function;
}

/* The modules of a scope are asked only for that: most have nothing to do with it. */
uint64_t
symbol_module_export(struct module *module, const char *name)
{
	struct map_key key = { .lo = (uint64_t)(uintptr_t)name };
	uint64_t *known;
	uint64_t address = 0;
	bool fresh;

	if (!module->own_known) {
		module->own = symbol_broker_offers_own(&module->child.broker);
		module->own_known = true;
	}
	if (!module->own)
		return 0;
	known = map_insert(&module->exports, key, &fresh);
	if (!fresh)
		return *known;
	module->child.broker.root = module->symbol->root;
	symbol_answers_export(module, name, &address);
	*map_insert(&module->exports, key, NULL) = address;
	return address;
}

enum symbol_state
symbol_module_state(const struct symbol *symbol, uint32_t handle)
{
	const struct module *module;

	if (handle >= symbol->handle_count)
		return SYMBOL_MISSING;
	module = symbol->modules[symbol->handles[handle]];
	return module->lacking && module->state == SYMBOL_DWARF ? SYMBOL_SPLIT : module->state;
}

const char *
symbol_module_failure(const struct symbol *symbol, uint32_t handle)
{
	const struct module *module;

	if (handle >= symbol->handle_count)
		return NULL;
	module = symbol->modules[symbol->handles[handle]];
	return module->child.failed ? module->child.failure : NULL;
}

enum symbol_guard
symbol_module_guard(const struct symbol *symbol, uint32_t handle)
{
	if (handle >= symbol->handle_count)
		return SYMBOL_GUARD_NONE;
	return symbol->modules[symbol->handles[handle]]->guard;
}

const char *
symbol_module_refused(const struct symbol *symbol, uint32_t handle)
{
	const struct module *module;

	if (handle >= symbol->handle_count)
		return NULL;
	module = symbol->modules[symbol->handles[handle]];
	if (module->refused != NULL || !module->lacking)
		return module->refused;
	return "no inlined frames where its split debug information (.dwo, .dwp) is not there";
}

const char *
symbol_module_debug(const struct symbol *symbol, uint32_t handle)
{
	if (handle >= symbol->handle_count)
		return NULL;
	return symbol->modules[symbol->handles[handle]]->debug;
}

enum symbol_code_state
symbol_code_state(const struct symbol *symbol, uint32_t handle)
{
	if (handle >= symbol->handle_count)
		return SYMBOL_CODE_MISSING;
	return symbol->modules[symbol->handles[handle]]->code_state;
}

const char *
symbol_code_word(enum symbol_code_state state)
{
	switch (state) {
	case SYMBOL_CODE_UNUSED: return "unused";
	case SYMBOL_CODE_READ: return "read";
	case SYMBOL_CODE_MISSING: return "missing";
	case SYMBOL_CODE_MISMATCH: return "mismatch";
	case SYMBOL_CODE_UNREADABLE: return "unreadable";
	case SYMBOL_CODE_MACHINE: return "machine";
	case SYMBOL_CODE_FAILED: return "failed";
	case SYMBOL_CODE_NONE:
	default: return "none";
	}
}

/* ---- places ---- */

/* Where nobody tells what a module has there: its name, and where. */
static const struct symbol_place *
bare_place(struct symbol *symbol, const struct module *module, uint64_t addr)
{
	const char *slash = strrchr(module->path, '/');
	struct symbol_place *place = arena_alloc(&symbol->arena, sizeof(*place));
	struct symbol_frame *frame = arena_alloc(&symbol->arena, sizeof(*frame));
	char *text = xasprintf("%s+0x%" PRIx64, slash != NULL ? slash + 1 : module->path, addr);

	frame->function = frame->symbol = arena_copy(&symbol->arena, text, strlen(text));
	frame->file = "";
	place->frames = frame;
	place->count = 1;
	free(text);
	return place;
}

const struct symbol_place *
symbol_resolve(struct symbol *symbol, uint32_t handle, uint64_t offset, bool is_return)
{
	const struct symbol_place *place = NULL;
	struct module *module;
	struct map_key key;
	uint64_t *value;

	if (handle >= symbol->handle_count || (is_return && offset == 0))
		return &unknown_place;
	key.hi = symbol->handles[handle];
	key.lo = offset - (is_return ? 1 : 0);
	value = map_find(&symbol->places, key);
	if (value != NULL)
		return (const struct symbol_place *)(uintptr_t)*value;
	module = symbol_module_of(symbol, handle);
	if (!symbol_answers_place(symbol, module, key.lo, &place) || place == NULL)
		place = module->path[0] != '\0' ? bare_place(symbol, module, key.lo)
		    : module->build_id_len > 0  ? &unknown_place
						: &anonymous_place;
	*map_insert(&symbol->places, key, NULL) = (uintptr_t)place;
	return place;
}
