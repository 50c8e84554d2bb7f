#include "analyzer/symbol/symbol.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/symbol/demangle.h"
#include "analyzer/symbol/symbol_answers.h"
#include "analyzer/symbol/symbol_debug.h"
#include "analyzer/symbol/symbol_module.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

enum {
	SUFFIX_RANK = 4,     /* symbol_name.rank below it: a name that programs use */
	NEIGHBOUR_MAX = 256, /* bytes between functions of one source file */
	CACHE_MAX = 512 * 1024 * 1024,
};

static const struct symbol_frame unknown_frame = {
	.function = "??",
	.symbol = "??",
	.file = "",
};

static const struct symbol_place unknown_place = {
	.frames = &unknown_frame,
	.count = 1,
};

struct symbol *
symbol_new(void)
{
	struct symbol *symbol = xcalloc(1, sizeof(*symbol));

	symbol->root = xstrdup("/usr/lib/debug");
	return symbol;
}

static void
module_free(struct module *module)
{
	symbol_tail_release(module);
	symbol_flow_release(module);
	symbol_calls_release(&module->calls);
	symbol_dwarf_free(module->dwarf);
	symbol_code_free(module->code);
	symbol_target_release(&module->slots);
	symbol_elf_release(&module->exports);
	symbol_elf_release(&module->table);
	symbol_elf_close(&module->main);
	symbol_elf_close(&module->debug);
	symbol_cache_free(module->cache);
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

		if (module->cache == NULL)
			continue;
		symbol_cache_count(module->cache, &cached->found, &cached->added);
		cached->modules += module->state_known;
		cached->written += symbol_answers_save(module);
	}
	if (cached->written > 0)
		symbol_cache_trim(symbol->cache, CACHE_MAX);
}

static uint64_t
hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	size_t i;

	for (i = 0; i < len; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static bool
is_same(const struct module *module, const struct symbol_module *wanted)
{
	return strcmp(module->path, wanted->path) == 0 &&
	    module->build_id_len == wanted->build_id_len &&
	    (wanted->build_id_len == 0 ||
		memcmp(module->build_id, wanted->build_id, wanted->build_id_len) == 0);
}

static bool
is_runtime(const char *path)
{
	static const char *const starts[] = {
		"libc.so.",
		"libc-2.",
		"ld-linux",
		"ld-2.",
		"ld64.so",
		"ld.so",
		"libpthread.so.",
		"libpthread-2.",
		"ld-musl",
		"libc.musl",
	};
	const char *slash = strrchr(path, '/');
	const char *base = slash != NULL ? slash + 1 : path;
	size_t i;

	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		if (strncmp(base, starts[i], strlen(starts[i])) == 0)
			return true;
	}
	return false;
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
	module->runtime = is_runtime(wanted->path);
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

	key.hi = hash_bytes(1, wanted->path, strlen(wanted->path));
	key.lo = hash_bytes(key.hi, wanted->build_id, wanted->build_id_len);
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

/* Opens the module's own file, if it is the one that ran. */
static enum symbol_state
open_main(struct module *module)
{
	const uint8_t *id;
	size_t len;

	if (module->path[0] != '/')
		return SYMBOL_MISSING;
	switch (symbol_elf_open(&module->main, module->path)) {
	case SYMBOL_ELF_OK: break;
	case SYMBOL_ELF_MISSING: return SYMBOL_MISSING;
	case SYMBOL_ELF_UNREADABLE:
	default: return SYMBOL_UNREADABLE;
	}
	if (module->build_id_len == 0)
		return SYMBOL_SYMTAB;
	if (symbol_elf_build_id(&module->main, &id, &len) && len == module->build_id_len &&
	    memcmp(id, module->build_id, len) == 0)
		return SYMBOL_SYMTAB;
	symbol_elf_close(&module->main);
	return SYMBOL_MISMATCH;
}

static void
open_debug(struct module *module, const char *root)
{
	struct symbol_debug_query query = {
		.build_id = module->build_id,
		.build_id_len = module->build_id_len,
		.root = root,
	};

	if (module->main.elf != NULL) {
		query.main = &module->main;
		if (query.build_id_len == 0)
			symbol_elf_build_id(query.main, &query.build_id, &query.build_id_len);
	}
	symbol_debug_find(&module->debug, &query);
}

static void
load_tables(struct module *module)
{
	const struct symbol_elf *code = module->main.elf != NULL ? &module->main : &module->debug;

	symbol_elf_load_code(&module->table, code);
	if (module->main.elf != NULL)
		symbol_elf_load_names(&module->table, &module->main, false);
	if (module->table.name_count == 0 && module->debug.elf != NULL)
		symbol_elf_load_names(&module->table, &module->debug, false);
	if (module->table.name_count == 0 && module->main.elf != NULL)
		symbol_elf_load_names(&module->table, &module->main, true);
}

/* Whether there is code, as far as the file itself tells. */
static enum symbol_code_state
code_state(const struct module *module, enum symbol_state main)
{
	if (main == SYMBOL_MISSING)
		return SYMBOL_CODE_MISSING;
	if (main == SYMBOL_MISMATCH)
		return SYMBOL_CODE_MISMATCH;
	if (module->main.elf == NULL)
		return SYMBOL_CODE_UNREADABLE;
	if (module->table.machine != EM_X86_64)
		return SYMBOL_CODE_MACHINE;
	return flow_available() ? SYMBOL_CODE_READ : SYMBOL_CODE_NONE;
}

/* The file itself is enough to know what it offers to others. */
static void
module_open_main(struct module *module)
{
	if (module->main_tried)
		return;
	module->main_tried = true;
	module->main_state = open_main(module);
}

static void
module_open(struct symbol *symbol, struct module *module)
{
	module_open_main(module);
	module->state = module->main_state;
	if (module->main.elf == NULL || !symbol_elf_has_dwarf(&module->main))
		open_debug(module, symbol->root);
	if (!symbol_answers_open(symbol, module))
		symbol_module_load(module);
}

void
symbol_module_load(struct module *module)
{
	struct symbol *symbol = module->symbol;
	struct symbol_elf *source = module->debug.elf != NULL ? &module->debug : &module->main;

	if (module->loaded)
		return;
	module->loaded = true;
	module->code_state = code_state(module, module->main_state);
	if (source->elf == NULL)
		return;
	module->state = SYMBOL_SYMTAB;
	load_tables(module);
	module->code_state = code_state(module, module->main_state);
	module->dwarf = symbol_dwarf_new(source, &module->table, symbol->root, &symbol->arena);
	if (module->dwarf != NULL)
		module->state = SYMBOL_DWARF;
}

/* ---- which function ---- */

static uint64_t
fde_start(const struct module *module, uint64_t addr)
{
	const struct symbol_fde *fde = symbol_elf_fde(&module->table, addr);

	return fde != NULL ? fde->start : addr;
}

static void
open_code(struct module *module)
{
	if (module->code_state != SYMBOL_CODE_READ || module->code != NULL)
		return;
	module->code = symbol_code_new(&module->main, &module->table);
	if (module->code == NULL)
		module->code_state = SYMBOL_CODE_UNREADABLE;
}

/* The function of a part of one that no symbol names; its own start if that cannot
 * be found out. */
static uint64_t
find_parent(struct module *module, const struct symbol_fde *fde)
{
	uint64_t parent;

	open_code(module);
	parent = module->code != NULL ? symbol_code_parent(module->code, fde) : 0;
	return parent != 0 ? parent : fde->start;
}

/* Identity of the physical function; see symbol_place.function. */
static uint64_t
find_function(struct module *module, uint64_t addr, const struct symbol_name *name, uint64_t low)
{
	const struct symbol_fde *fde = symbol_elf_fde(&module->table, addr);
	const struct symbol_name *parent = NULL;

	if (name != NULL)
		parent = symbol_elf_parent(&module->table, name);
	if (parent != NULL)
		return fde_start(module, parent->start);
	/* DWARF gives one function with several ranges: its first is the function */
	if (low != 0 && (fde == NULL || low < fde->start || low >= fde->end))
		return fde_start(module, low);
	if (fde != NULL && name == NULL)
		return find_parent(module, fde);
	if (fde != NULL)
		return fde->start;
	return name != NULL ? name->start : low;
}

/* ---- start-up code ---- */

static bool
starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static bool
is_startup_name(const char *name)
{
	static const char *const names[] = {
		"start_thread",
		"clone",
		"clone3",
		"__clone",
		"__clone3",
		"__GI___clone",
		"__GI___clone3",
		"thread_start",
		"exit",
		"__GI_exit",
		"quick_exit",
		"__run_exit_handlers",
		"__cxa_finalize",
		"__call_tls_dtors",
		"__GI___call_tls_dtors",
		"__nptl_deallocate_tsd",
		"_dl_fini",
		"_dl_init",
		"_dl_call_fini",
		"call_init",
		"_dl_start",
		"_dl_start_final",
		"_dl_start_user",
		"_dl_sysdep_start",
		"dl_main",
		"__start_context",
		"generic_start_main",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return starts_with(name, "__libc_start_");
}

/*
 * A stripped libc does not name its static functions, but they lie directly
 * before the only function that calls them, or whose source file they share:
 * __libc_start_call_main before __libc_start_main, start_thread before
 * pthread_create, __run_exit_handlers before exit.
 */
static bool
lies_before_startup(const struct module *module, const struct symbol_fde *fde)
{
	static const char *const followers[] = {
		"__libc_start_main",
		"pthread_create",
		"exit",
	};
	const struct symbol_fde *next = fde + 1;
	const struct symbol_name *name;
	size_t len;
	size_t i;

	if (next >= module->table.fdes + module->table.fde_count || next->start < fde->end ||
	    next->start - fde->end >= NEIGHBOUR_MAX)
		return false;
	name = symbol_elf_name(&module->table, next->start);
	if (name == NULL || name->start != next->start)
		return false;
	len = demangle_base_length(name->name);
	for (i = 0; i < sizeof(followers) / sizeof(followers[0]); i++) {
		if (strlen(followers[i]) == len && memcmp(name->name, followers[i], len) == 0)
			return true;
	}
	return false;
}

/*
 * Of start-up code: does it call what it calls but once? The caller of main and the
 * first function of a thread do. __libc_start_main (with call_init inlined), the
 * loader and exit call one constructor or handler after the other from one place.
 */
static bool
calls_once(const struct module *module, uint64_t addr, const struct symbol_frame *last, bool named)
{
	static const char *const names[] = {
		"_start",
		"__libc_start_call_main",
		"start_thread",
		"clone",
		"clone3",
		"__clone",
		"__clone3",
		"__GI___clone",
		"__GI___clone3",
	};
	const struct symbol_fde *fde = symbol_elf_fde(&module->table, addr);
	const struct symbol_name *next;
	size_t i;

	for (i = 0; named && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(last->function, names[i]) == 0 || strcmp(last->symbol, names[i]) == 0)
			return true;
	}
	if (named || fde == NULL)
		return false;
	if (fde->outermost)
		return true;
	/* see lies_before_startup */
	next = symbol_elf_name(&module->table, fde[1].start);
	return next != NULL && !starts_with(next->name, "exit");
}

static bool
is_startup(const struct module *module, uint64_t addr, const struct symbol_frame *last, bool named)
{
	const struct symbol_fde *fde = symbol_elf_fde(&module->table, addr);

	if (strcmp(last->function, "_start") == 0 || starts_with(last->function, "__libc_start_") ||
	    starts_with(last->function, "std::rt::lang_start") ||
	    starts_with(last->function, "<std::rt::lang_start"))
		return true;
	if (module->runtime && named &&
	    (is_startup_name(last->function) || is_startup_name(last->symbol)))
		return true;
	if (fde == NULL)
		return false;
	if (module->table.entry != 0 && fde->start == module->table.entry && fde->outermost)
		return true;
	/* code that says that nothing called it: _start, clone, clone3 */
	return module->runtime && (fde->outermost || (!named && lies_before_startup(module, fde)));
}

/* ---- places ---- */

static void
set_plain(struct symbol *symbol, struct symbol_frame *frame, const char *linkage)
{
	struct strbuf text = { 0 };

	demangle_plain(linkage, &text);
	frame->function = arena_copy(
	    &symbol->arena, text.len > 0 ? text.text : "??", text.len > 0 ? text.len : 2);
	strbuf_release(&text);
}

/* Completes the physical function's frame by what the symbol table says. */
static void
set_last(struct symbol *symbol, const struct module *module, struct symbol_frame *last,
    const struct symbol_name *name, uint64_t low)
{
	bool known = last->function != NULL && strcmp(last->function, "??") != 0;

	if (name != NULL)
		last->symbol = name->name;
	if (name != NULL && !known)
		set_plain(symbol, last, name->name);
	/* libc's sources call strdup __strdup: say what programs call it, as
	 * without debug information */
	else if (name != NULL && module->runtime && name->rank < SUFFIX_RANK &&
	    (low == 0 || low == name->start))
		set_plain(symbol, last, name->name);
	if (last->function == NULL)
		last->function = "??";
	if (last->symbol == NULL)
		last->symbol = last->function;
}

/* What has no name is called by its module and where its function begins. */
static void
set_address(
    struct symbol *symbol, const struct module *module, struct symbol_frame *last, uint64_t address)
{
	const char *base = strrchr(module->path, '/');
	char text[4096];
	int len = snprintf(
	    text, sizeof(text), "%s+0x%" PRIx64, base != NULL ? base + 1 : module->path, address);

	if (len <= 0 || (size_t)len >= sizeof(text))
		return;
	last->function = arena_copy(&symbol->arena, text, (size_t)len);
	last->symbol = last->function;
}

static const struct symbol_place *
make_place(struct symbol *symbol, struct module *module, uint64_t addr)
{
	struct symbol_dwarf_answer *answer = &symbol->answer;
	const struct symbol_name *name = symbol_elf_name(&module->table, addr);
	struct symbol_place *place;
	struct symbol_frame *frames;
	uint64_t function;
	size_t count;

	answer->count = 0;
	answer->low = 0;
	memset(&answer->frames[0], 0, sizeof(answer->frames[0]));
	answer->frames[0].file = "";
	if (module->dwarf != NULL)
		symbol_dwarf_find(module->dwarf, addr, answer);
	function = find_function(module, addr, name, answer->low);
	/* a part of a function bears its name */
	if (name == NULL && answer->count == 0)
		name = symbol_elf_name(&module->table, function);
	count = answer->count > 0 ? answer->count : 1;
	frames = arena_alloc(&symbol->arena, count * sizeof(*frames));
	memcpy(frames, answer->frames, count * sizeof(*frames));
	set_last(symbol, module, &frames[count - 1], name, answer->low);
	place = arena_alloc(&symbol->arena, sizeof(*place));
	place->frames = frames;
	place->count = count;
	place->function = function;
	frames[count - 1].instance = place->function;
	if (strcmp(frames[count - 1].function, "??") == 0)
		set_address(symbol, module, &frames[count - 1],
		    place->function != 0 ? place->function : addr);
	place->startup =
	    is_startup(module, addr, &frames[count - 1], name != NULL || answer->count > 0);
	place->once = place->startup &&
	    calls_once(module, addr, &frames[count - 1], name != NULL || answer->count > 0);
	return place;
}

/* NULL outside of the code. */
static const struct symbol_place *
find_place(struct symbol *symbol, struct module *module, uint64_t addr)
{
	const struct symbol_place *place = NULL;

	if (symbol_answers_place(symbol, module, addr, &place))
		return place;
	place = NULL;
	symbol_module_load(module);
	if ((module->main.elf != NULL || module->debug.elf != NULL) &&
	    symbol_elf_is_code(&module->table, addr))
		place = make_place(symbol, module, addr);
	symbol_answers_keep_place(module, addr, place);
	return place;
}

const struct symbol_place *
symbol_resolve(struct symbol *symbol, uint32_t handle, uint64_t offset, bool is_return)
{
	const struct symbol_place *place;
	struct map_key key;
	uint64_t *value;

	if (handle >= symbol->handle_count || (is_return && offset == 0))
		return &unknown_place;
	key.hi = symbol->handles[handle];
	key.lo = offset - (is_return ? 1 : 0);
	value = map_find(&symbol->places, key);
	if (value != NULL)
		return (const struct symbol_place *)(uintptr_t)*value;
	place = find_place(symbol, symbol_module_of(symbol, handle), key.lo);
	if (place == NULL)
		place = &unknown_place;
	*map_insert(&symbol->places, key, NULL) = (uintptr_t)place;
	return place;
}

struct module *
symbol_module_of(struct symbol *symbol, uint32_t handle)
{
	struct module *module = symbol->modules[symbol->handles[handle]];

	if (module->state == SYMBOL_UNUSED)
		module_open(symbol, module);
	return module;
}

static uint64_t
find_holder(struct module *module, uint64_t addr)
{
	struct symbol_dwarf_answer *answer = &module->symbol->answer;
	const struct symbol_name *name;

	if (!symbol_elf_is_code(&module->table, addr))
		return 0;
	name = symbol_elf_name(&module->table, addr);
	answer->low = 0;
	if (name == NULL && module->dwarf != NULL)
		symbol_dwarf_find(module->dwarf, addr, answer);
	return find_function(module, addr, name, answer->low);
}

uint64_t
symbol_module_function(struct module *module, uint64_t addr)
{
	uint64_t function;

	if (module->state == SYMBOL_UNUSED)
		module_open(module->symbol, module);
	if (symbol_answers_number(module, SYMBOL_CACHE_FUNCTION, addr, &function))
		return function;
	symbol_module_load(module);
	function = find_holder(module, addr);
	symbol_answers_keep_number(module, SYMBOL_CACHE_FUNCTION, addr, function);
	return function;
}

uint64_t
symbol_module_export(struct module *module, const char *name)
{
	const struct symbol_name *found;

	module_open_main(module);
	if (!module->exports_loaded && module->main.elf != NULL) {
		module->exports_loaded = true;
		module->exports.machine = module->table.machine;
		symbol_elf_load_names(&module->exports, &module->main, true);
	}
	found = symbol_elf_named(&module->exports, name);
	return found != NULL ? found->start : 0;
}

enum symbol_state
symbol_module_state(const struct symbol *symbol, uint32_t handle)
{
	if (handle >= symbol->handle_count)
		return SYMBOL_MISSING;
	return symbol->modules[symbol->handles[handle]]->state;
}

const char *
symbol_module_debug(const struct symbol *symbol, uint32_t handle)
{
	if (handle >= symbol->handle_count)
		return NULL;
	return symbol->modules[symbol->handles[handle]]->debug.path;
}

const struct flow_source *
symbol_module_code(struct module *module)
{
	if (module->code_state == SYMBOL_CODE_READ)
		symbol_module_load(module);
	open_code(module);
	return module->code != NULL ? symbol_code_source(module->code) : NULL;
}

const struct flow_source *
symbol_code(struct symbol *symbol, uint32_t handle)
{
	if (handle >= symbol->handle_count)
		return NULL;
	return symbol_module_code(symbol_module_of(symbol, handle));
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
	case SYMBOL_CODE_NONE:
	default: return "none";
	}
}

const char *
symbol_plain_name(const char *linkage, char *buf, size_t size)
{
	struct strbuf text = { 0 };
	size_t len;

	if (size == 0)
		return buf;
	demangle_plain(linkage, &text);
	len = text.len < size ? text.len : size - 1;
	if (len > 0)
		memcpy(buf, text.text, len);
	buf[len] = '\0';
	strbuf_release(&text);
	return buf;
}
