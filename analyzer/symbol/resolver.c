#include "analyzer/symbol/resolver.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/flow/flow.h"
#include "analyzer/symbol/demangle.h"
#include "analyzer/symbol/resolver_files.h"
#include "analyzer/symbol/symbol_debug.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

enum {
	SUFFIX_RANK = 4,     /* symbol_name.rank below it: a name that programs use */
	NEIGHBOUR_MAX = 256, /* bytes between functions of one source file */
};

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

struct resolver *
resolver_new(const struct symbol_module *module, const char *root)
{
	struct resolver *resolver = xcalloc(1, sizeof(*resolver));

	resolver->path = xstrdup(module->path);
	resolver->root = root != NULL ? xstrdup(root) : NULL;
	if (module->build_id_len > 0) {
		resolver->build_id = xmalloc(module->build_id_len);
		memcpy(resolver->build_id, module->build_id, module->build_id_len);
		resolver->build_id_len = module->build_id_len;
	}
	resolver->runtime = is_runtime(module->path);
	return resolver;
}

static void
free_flows(struct map *flows)
{
	struct map_key key;
	uint64_t value;
	size_t at = 0;

	while (map_next(flows, &at, &key, &value))
		flow_free((struct flow *)(uintptr_t)value);
	map_release(flows);
}

void
resolver_free(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	free_flows(&resolver->flows);
	symbol_calls_release(&resolver->calls);
	symbol_dwarf_free(resolver->dwarf);
	symbol_code_free(resolver->code);
	symbol_target_release(&resolver->slots);
	symbol_elf_release(&resolver->exports);
	symbol_elf_release(&resolver->table);
	symbol_elf_close(&resolver->main);
	symbol_elf_close(&resolver->debug);
	arena_release(&resolver->arena);
	free(resolver->path);
	free(resolver->root);
	free(resolver->refused);
	free(resolver->build_id);
	free(resolver);
}

/* ---- files ---- */

/* Opens the module's own file, if it is the one that ran. */
static enum symbol_state
open_main(struct resolver *resolver)
{
	const uint8_t *id;
	size_t len;

	if (resolver->path[0] != '/')
		return SYMBOL_MISSING;
	switch (symbol_elf_open(&resolver->main, resolver->path)) {
	case SYMBOL_ELF_OK: break;
	case SYMBOL_ELF_MISSING: return SYMBOL_MISSING;
	case SYMBOL_ELF_UNREADABLE:
	default: return SYMBOL_UNREADABLE;
	}
	if (resolver->build_id_len == 0)
		return SYMBOL_SYMTAB;
	if (symbol_elf_build_id(&resolver->main, &id, &len) && len == resolver->build_id_len &&
	    memcmp(id, resolver->build_id, len) == 0)
		return SYMBOL_SYMTAB;
	symbol_elf_close(&resolver->main);
	return SYMBOL_MISMATCH;
}

static void
open_debug(struct resolver *resolver)
{
	struct symbol_debug_query query = {
		.build_id = resolver->build_id,
		.build_id_len = resolver->build_id_len,
		.root = resolver->root,
		.refused = &resolver->refused,
	};

	if (resolver->main.elf != NULL) {
		query.main = &resolver->main;
		if (query.build_id_len == 0)
			symbol_elf_build_id(query.main, &query.build_id, &query.build_id_len);
	}
	symbol_debug_find(&resolver->debug, &query);
}

static void
load_tables(struct resolver *resolver)
{
	const struct symbol_elf *code =
	    resolver->main.elf != NULL ? &resolver->main : &resolver->debug;

	symbol_elf_load_code(&resolver->table, code);
	if (resolver->main.elf != NULL)
		symbol_elf_load_names(&resolver->table, &resolver->main, false);
	if (resolver->table.name_count == 0 && resolver->debug.elf != NULL)
		symbol_elf_load_names(&resolver->table, &resolver->debug, false);
	if (resolver->table.name_count == 0 && resolver->main.elf != NULL)
		symbol_elf_load_names(&resolver->table, &resolver->main, true);
}

/* Whether there is code, as far as the file itself tells. */
static enum symbol_code_state
code_state(const struct resolver *resolver, enum symbol_state main)
{
	if (main == SYMBOL_MISSING)
		return SYMBOL_CODE_MISSING;
	if (main == SYMBOL_MISMATCH)
		return SYMBOL_CODE_MISMATCH;
	if (resolver->main.elf == NULL)
		return SYMBOL_CODE_UNREADABLE;
	if (resolver->table.machine != EM_X86_64)
		return SYMBOL_CODE_MACHINE;
	return flow_available() ? SYMBOL_CODE_READ : SYMBOL_CODE_NONE;
}

/* The file itself is enough to know what it offers to others. */
static void
open_own(struct resolver *resolver)
{
	if (resolver->main_tried)
		return;
	resolver->main_tried = true;
	resolver->main_state = open_main(resolver);
}

void
resolver_open(struct resolver *resolver)
{
	struct symbol_elf shared = { 0 };
	const struct symbol_elf *source;

	if (resolver->opened)
		return;
	resolver->opened = true;
	open_own(resolver);
	if (resolver->main.elf == NULL || !symbol_elf_has_dwarf(&resolver->main))
		open_debug(resolver);
	/* the answers depend on it as well: who keeps them is to see it */
	source = resolver->debug.elf != NULL ? &resolver->debug : &resolver->main;
	if (source->elf != NULL) {
		/* a stripped file still names what its debug file needs */
		symbol_debug_find_shared(&shared, source, resolver->root,
		    symbol_elf_has_dwarf(source) ? &resolver->refused : NULL);
		symbol_elf_close(&shared);
	}
}

const char *
resolver_debug(const struct resolver *resolver)
{
	return resolver->debug.path;
}

const char *
resolver_refused(const struct resolver *resolver)
{
	return resolver->refused;
}

void
resolver_load(struct resolver *resolver)
{
	struct symbol_elf *source;

	if (resolver->loaded)
		return;
	resolver->loaded = true;
	resolver_open(resolver);
	source = resolver->debug.elf != NULL ? &resolver->debug : &resolver->main;
	resolver->state = resolver->main_state;
	resolver->code_state = code_state(resolver, resolver->main_state);
	if (source->elf == NULL)
		return;
	resolver->state = SYMBOL_SYMTAB;
	load_tables(resolver);
	resolver->code_state = code_state(resolver, resolver->main_state);
	resolver->dwarf =
	    symbol_dwarf_new(source, &resolver->table, resolver->root, &resolver->arena);
	if (resolver->dwarf != NULL)
		resolver->state = SYMBOL_DWARF;
	else if (symbol_elf_has_dwarf(source) || resolver->table.names_lost)
		resolver->state = SYMBOL_PARTIAL;
}

enum symbol_state
resolver_state(struct resolver *resolver)
{
	resolver_load(resolver);
	return resolver->state;
}

enum symbol_code_state
resolver_code_state(struct resolver *resolver)
{
	resolver_load(resolver);
	return resolver->code_state;
}

bool
resolver_is_split(struct resolver *resolver)
{
	resolver_load(resolver);
	return resolver->dwarf != NULL && symbol_dwarf_is_split(resolver->dwarf);
}

/* ---- which function ---- */

static uint64_t
fde_start(const struct resolver *resolver, uint64_t addr)
{
	const struct symbol_fde *fde = symbol_elf_fde(&resolver->table, addr);

	return fde != NULL ? fde->start : addr;
}

static void
open_code(struct resolver *resolver)
{
	if (resolver->code_state != SYMBOL_CODE_READ || resolver->code != NULL)
		return;
	resolver->code = symbol_code_new(&resolver->main, &resolver->table);
	if (resolver->code == NULL)
		resolver->code_state = SYMBOL_CODE_UNREADABLE;
}

/* The function of a part of one that no symbol names; its own start if that cannot
 * be found out. */
static uint64_t
find_parent(struct resolver *resolver, const struct symbol_fde *fde)
{
	uint64_t parent;

	open_code(resolver);
	parent = resolver->code != NULL ? symbol_code_parent(resolver->code, fde) : 0;
	return parent != 0 ? parent : fde->start;
}

/* Identity of the physical function; see symbol_place.function. */
static uint64_t
find_function(
    struct resolver *resolver, uint64_t addr, const struct symbol_name *name, uint64_t low)
{
	const struct symbol_fde *fde = symbol_elf_fde(&resolver->table, addr);
	const struct symbol_name *parent = NULL;

	if (name != NULL)
		parent = symbol_elf_parent(&resolver->table, name);
	if (parent != NULL)
		return fde_start(resolver, parent->start);
	/* DWARF gives one function with several ranges: its first is the function, but where
	 * each block has its own section, of which the first may come last */
	if (fde != NULL && !fde->inner && name != NULL && name->start == fde->start)
		return fde->start;
	if (low != 0 && (fde == NULL || low < fde->start || low >= fde->end))
		return fde_start(resolver, low);
	if (fde != NULL && name == NULL)
		return find_parent(resolver, fde);
	if (fde != NULL)
		return fde->start;
	return name != NULL ? name->start : low;
}

/* ---- start-up code ---- */

/* names ends with NULL. */
static bool
is_among(const char *name, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (strcmp(name, *names) == 0)
			return true;
	}
	return false;
}

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
		NULL,
	};

	return is_among(name, names) || starts_with(name, "__libc_start_");
}

/*
 * A stripped libc does not name its static functions, but they lie directly
 * before the only function that calls them, or whose source file they share:
 * __libc_start_call_main before __libc_start_main, start_thread before
 * pthread_create, __run_exit_handlers before exit.
 */
static bool
lies_before_startup(const struct resolver *resolver, const struct symbol_fde *fde)
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

	if (next >= resolver->table.fdes + resolver->table.fde_count || next->start < fde->end ||
	    next->start - fde->end >= NEIGHBOUR_MAX)
		return false;
	name = symbol_elf_name(&resolver->table, next->start);
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
 * loader and exit call one constructor or handler after the other from one place; and
 * a task that clone made may be followed by another one, on the same stack.
 */
static bool
calls_once(
    const struct resolver *resolver, uint64_t addr, const struct symbol_frame *last, bool named)
{
	static const char *const names[] = {
		"_start",
		"__libc_start_call_main",
		"start_thread",
		NULL,
	};
	const struct symbol_fde *fde = symbol_elf_fde(&resolver->table, addr);
	const struct symbol_name *next;

	if (named)
		return is_among(last->function, names) || is_among(last->symbol, names);
	if (fde == NULL)
		return false;
	if (fde->outermost)
		return fde->start == resolver->table.entry;
	/* see lies_before_startup */
	next = symbol_elf_name(&resolver->table, fde[1].start);
	return next != NULL && !starts_with(next->name, "exit");
}

static bool
is_startup(
    const struct resolver *resolver, uint64_t addr, const struct symbol_frame *last, bool named)
{
	const struct symbol_fde *fde = symbol_elf_fde(&resolver->table, addr);

	if (strcmp(last->function, "_start") == 0 || starts_with(last->function, "__libc_start_") ||
	    starts_with(last->function, "std::rt::lang_start") ||
	    starts_with(last->function, "<std::rt::lang_start"))
		return true;
	if (resolver->runtime && named &&
	    (is_startup_name(last->function) || is_startup_name(last->symbol)))
		return true;
	if (fde == NULL)
		return false;
	if (resolver->table.entry != 0 && fde->start == resolver->table.entry && fde->outermost)
		return true;
	/* code that says that nothing called it: _start, clone, clone3 */
	return resolver->runtime &&
	    (fde->outermost || (!named && lies_before_startup(resolver, fde)));
}

/* ---- places ---- */

static void
set_plain(struct resolver *resolver, struct symbol_frame *frame, const char *linkage)
{
	struct strbuf text = { 0 };

	demangle_plain(linkage, &text);
	frame->function = arena_copy(
	    &resolver->arena, text.len > 0 ? text.text : "??", text.len > 0 ? text.len : 2);
	strbuf_release(&text);
}

/* Completes the physical function's frame by what the symbol table says. */
static void
set_last(struct resolver *resolver, struct symbol_frame *last, const struct symbol_name *name,
    uint64_t low)
{
	bool known = last->function != NULL && strcmp(last->function, "??") != 0;

	if (name != NULL)
		last->symbol = name->name;
	/* libc's sources call strdup __strdup: say what programs call it, as
	 * without debug information */
	if (name != NULL &&
	    (!known ||
		(resolver->runtime && name->rank < SUFFIX_RANK &&
		    (low == 0 || low == name->start))))
		set_plain(resolver, last, name->name);
	if (last->function == NULL)
		last->function = "??";
	if (last->symbol == NULL)
		last->symbol = last->function;
}

/* What has no name is called by its module and where its function begins. */
static void
set_address(struct resolver *resolver, struct symbol_frame *last, uint64_t address)
{
	const char *base = strrchr(resolver->path, '/');
	char text[4096];
	int len = snprintf(
	    text, sizeof(text), "%s+0x%" PRIx64, base != NULL ? base + 1 : resolver->path, address);

	if (len <= 0 || (size_t)len >= sizeof(text))
		return;
	last->function = arena_copy(&resolver->arena, text, (size_t)len);
	last->symbol = last->function;
}

static const struct symbol_place *
make_place(struct resolver *resolver, uint64_t addr)
{
	struct symbol_dwarf_answer *answer = &resolver->answer;
	const struct symbol_name *name = symbol_elf_name(&resolver->table, addr);
	struct symbol_place *place;
	struct symbol_frame *frames;
	uint64_t function;
	size_t count;

	answer->count = 0;
	answer->low = 0;
	answer->lacking = false;
	memset(&answer->frames[0], 0, sizeof(answer->frames[0]));
	answer->frames[0].file = "";
	if (resolver->dwarf != NULL)
		symbol_dwarf_find(resolver->dwarf, addr, answer);
	function = find_function(resolver, addr, name, answer->low);
	/* a part of a function bears its name */
	if (name == NULL && answer->count == 0)
		name = symbol_elf_name(&resolver->table, function);
	count = answer->count > 0 ? answer->count : 1;
	frames = arena_alloc(&resolver->arena, count * sizeof(*frames));
	memcpy(frames, answer->frames, count * sizeof(*frames));
	set_last(resolver, &frames[count - 1], name, answer->low);
	place = arena_alloc(&resolver->arena, sizeof(*place));
	place->frames = frames;
	place->count = count;
	place->lacking = answer->lacking;
	place->function = function;
	frames[count - 1].instance = place->function;
	if (strcmp(frames[count - 1].function, "??") == 0)
		set_address(
		    resolver, &frames[count - 1], place->function != 0 ? place->function : addr);
	place->startup =
	    is_startup(resolver, addr, &frames[count - 1], name != NULL || answer->count > 0);
	place->once = place->startup &&
	    calls_once(resolver, addr, &frames[count - 1], name != NULL || answer->count > 0);
	return place;
}

const struct symbol_place *
resolver_place(struct resolver *resolver, uint64_t addr)
{
	resolver_load(resolver);
	if ((resolver->main.elf == NULL && resolver->debug.elf == NULL) ||
	    !symbol_elf_is_code(&resolver->table, addr))
		return NULL;
	return make_place(resolver, addr);
}

uint64_t
resolver_function(struct resolver *resolver, uint64_t addr)
{
	struct symbol_dwarf_answer *answer = &resolver->answer;
	const struct symbol_name *name;

	resolver_load(resolver);
	if (!symbol_elf_is_code(&resolver->table, addr))
		return 0;
	name = symbol_elf_name(&resolver->table, addr);
	answer->low = 0;
	if (name == NULL && resolver->dwarf != NULL)
		symbol_dwarf_find(resolver->dwarf, addr, answer);
	return find_function(resolver, addr, name, answer->low);
}

uint64_t
resolver_export(struct resolver *resolver, const char *name)
{
	const struct symbol_name *found;

	open_own(resolver);
	if (!resolver->exports_loaded && resolver->main.elf != NULL) {
		resolver->exports_loaded = true;
		resolver->exports.machine = resolver->table.machine;
		symbol_elf_load_names(&resolver->exports, &resolver->main, true);
	}
	found = symbol_elf_named(&resolver->exports, name);
	return found != NULL ? found->start : 0;
}

void
resolver_declared(struct resolver *resolver, uint64_t function, struct symbol_frame *frame)
{
	resolver_load(resolver);
	if (resolver->dwarf != NULL)
		symbol_dwarf_declared(resolver->dwarf, function, frame);
}

/* ---- code ---- */

const struct flow_source *
resolver_code(struct resolver *resolver)
{
	resolver_load(resolver);
	open_code(resolver);
	return resolver->code != NULL ? symbol_code_source(resolver->code) : NULL;
}

static struct flow *
make_flow(struct resolver *resolver, uint64_t entry)
{
	const struct flow_source *source = resolver_code(resolver);
	struct flow *flow;

	if (source == NULL)
		return NULL;
	flow = flow_build(source, entry);
	source->forget(source->data);
	return flow;
}

struct flow *
resolver_flow(struct resolver *resolver, uint64_t entry)
{
	struct map_key key = { .lo = entry };
	uint64_t *value;
	bool fresh;

	value = map_insert(&resolver->flows, key, &fresh);
	if (fresh)
		*value = (uintptr_t)make_flow(resolver, entry);
	return (struct flow *)(uintptr_t)*value;
}

const char *
resolver_callee(struct resolver *resolver, uint64_t address, bool slot)
{
	const struct flow_source *source = resolver_code(resolver);

	return source != NULL ? source->callee(source->data, address, slot) : NULL;
}
