/* The resolver's state, shared by the files that make it up; private to them. Nothing here
 * has seen a module's files: symbol_child.h has. */
#ifndef SYMBOL_SYMBOL_MODULE_H
#define SYMBOL_SYMBOL_MODULE_H

#include "analyzer/symbol/arena.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/symbol/symbol_cache.h"
#include "analyzer/symbol/symbol_child.h"
#include "analyzer/util/map.h"

/* A file with names, as one or more handles of symbol_add_module mean it. */
struct module {
	struct symbol *symbol; /* not owned */
	struct symbol_child child;
	struct symbol_cache *cache; /* all that was answered; NULL as long as state is UNUSED */
	char *path;
	uint8_t *build_id;
	size_t build_id_len;
	char *debug;   /* file, or NULL */
	char *refused; /* another one, and why; or NULL */
	enum symbol_state state;
	enum symbol_code_state code_state;
	struct map flows;    /* entry -> struct flow *, symbol_flow.c's */
	struct map edges;    /* function -> struct edges *, symbol_tail.c's */
	struct map exports;  /* a name's address -> where it is */
	bool nowhere;        /* there is nothing to ask */
	bool own, own_known; /* whether its own file is there */
	bool state_known;    /* from the cache */
	bool split;
	bool lacking;   /* split units of places that were asked for */
	bool senseless; /* an answer that had been checked could not be read */
	enum symbol_guard guard;
};

struct symbol {
	struct module **modules; /* distinct ones */
	size_t module_count;
	size_t module_cap;
	size_t *handles; /* handle -> modules[] */
	size_t handle_count;
	size_t handle_cap;
	struct symbol_children *children;
	struct map by_key; /* hash of path and build-id -> index + 1 */
	struct map places; /* module, address -> struct symbol_place * */
	struct arena arena;
	char *root;
	char *cache;   /* directory, or NULL */
	uint64_t kept; /* bytes of answers, of all modules */
};

/* The opened module of a valid handle. */
struct module *symbol_module_of(struct symbol *symbol, uint32_t handle);
/* Its process failed: it says no more. */
void symbol_module_lost(struct module *module);
void symbol_tail_release(struct module *module);
/* The graph of its function at entry, made once; NULL if its code cannot be had. */
struct flow *symbol_module_flow(struct module *module, uint64_t entry);
void symbol_flow_release(struct module *module);
/* Identity of the physical function that holds addr; 0 outside of the code. */
uint64_t symbol_module_function(struct module *module, uint64_t addr);
/* The one function of that name that the module offers to others; 0 if none. name lives as
 * long as the resolver. */
uint64_t symbol_module_export(struct module *module, const char *name);

#endif
