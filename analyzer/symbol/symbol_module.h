/* The resolver's state, shared by the files that make it up; private to them. */
#ifndef SYMBOL_SYMBOL_MODULE_H
#define SYMBOL_SYMBOL_MODULE_H

#include "analyzer/symbol/arena.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/symbol/symbol_cache.h"
#include "analyzer/symbol/symbol_calls.h"
#include "analyzer/symbol/symbol_code.h"
#include "analyzer/symbol/symbol_dwarf.h"
#include "analyzer/symbol/symbol_elf.h"
#include "analyzer/symbol/symbol_target.h"
#include "analyzer/util/map.h"

/* A file with names, as one or more handles of symbol_add_module mean it. */
struct module {
	struct symbol *symbol;      /* not owned */
	struct symbol_cache *cache; /* or NULL */
	char *path;
	uint8_t *build_id;
	size_t build_id_len;
	enum symbol_state state;
	struct symbol_elf main;
	struct symbol_elf debug;
	struct symbol_table table;
	struct symbol_table exports; /* its dynamic names; when first needed */
	struct symbol_slots slots;
	struct symbol_dwarf *dwarf;
	struct symbol_calls_cache calls;
	struct map flows; /* entry -> struct flow *, symbol_flow.c's */
	struct map edges; /* function -> struct edges *, symbol_tail.c's */
	struct symbol_code *code;
	enum symbol_code_state code_state;
	enum symbol_state main_state; /* of main, if main_tried */
	bool main_tried;
	bool loaded;      /* what is in main and debug */
	bool state_known; /* from the cache */
	bool exports_loaded;
	bool runtime; /* libc or ld.so */
};

struct symbol {
	struct module **modules; /* distinct ones */
	size_t module_count;
	size_t module_cap;
	size_t *handles; /* handle -> modules[] */
	size_t handle_count;
	size_t handle_cap;
	struct map by_key; /* hash of path and build-id -> index + 1 */
	struct map places; /* module, address -> struct symbol_place * */
	struct arena arena;
	char *root;
	char *cache;                       /* directory, or NULL */
	struct symbol_dwarf_answer answer; /* large: not on the stack */
};

/* The opened module of a valid handle. */
struct module *symbol_module_of(struct symbol *symbol, uint32_t handle);
/* Reads its files, if that was not done: before tables, dwarf and code are used. What
 * the cache knows is to be asked for first. */
void symbol_module_load(struct module *module);
/* Its machine code; NULL if it cannot be had. */
const struct flow_source *symbol_module_code(struct module *module);
void symbol_tail_release(struct module *module);
/* The graph of its function at entry, made once; NULL if its code cannot be had. */
struct flow *symbol_module_flow(struct module *module, uint64_t entry);
void symbol_flow_release(struct module *module);
/* Identity of the physical function that holds addr; 0 outside of the code. */
uint64_t symbol_module_function(struct module *module, uint64_t addr);
/* The one function of that name that the module offers to others; 0 if none. */
uint64_t symbol_module_export(struct module *module, const char *name);

#endif
