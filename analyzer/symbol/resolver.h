/*
 * The files of one module: all that reads ELF and DWARF, demangles and disassembles.
 * They may be damaged or hostile, and the libraries that read them have faults: this
 * runs in a process of its own (symbol_child.h), which may be lost.
 *
 * Every answer depends on the files alone, and is the same each time.
 */
#ifndef SYMBOL_RESOLVER_H
#define SYMBOL_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/symbol/symbol.h"
#include "analyzer/symbol/symbol_target.h"

struct flow;
struct flow_source;
struct resolver; /* opaque */

/* Opens nothing yet. root: where separate debug files lie, NULL: nowhere. Both are
 * copied. */
struct resolver *resolver_new(const struct symbol_module *module, const char *root);
void resolver_free(struct resolver *resolver); /* takes NULL */

/* Opens the module's own file and the separate ones, and looks for what they share;
 * reads no more of them than it needs for that. */
void resolver_open(struct resolver *resolver);
/* Path of the separate debug file, or NULL. */
const char *resolver_debug(const struct resolver *resolver);
/* One that was not taken, and why; or NULL. */
const char *resolver_refused(const struct resolver *resolver);

/* Reads them: how well that can be done. Never SYMBOL_UNUSED. */
enum symbol_state resolver_state(struct resolver *resolver);
enum symbol_code_state resolver_code_state(struct resolver *resolver);
/* True if some units lie in files of their own: nobody knows whether these change. */
bool resolver_is_split(struct resolver *resolver);

/* What is at addr; NULL outside of the code. */
const struct symbol_place *resolver_place(struct resolver *resolver, uint64_t addr);
/* Identity of the physical function that holds addr; 0 outside of the code. */
uint64_t resolver_function(struct resolver *resolver, uint64_t addr);
/* Where the one function of that name is that the module offers to others; 0 if there
 * is none. Needs the module's own file alone. */
uint64_t resolver_export(struct resolver *resolver, const char *name);
/* Sets file, line and column of where the function is declared; leaves *frame as it is
 * if that is not known. */
void resolver_declared(struct resolver *resolver, uint64_t function, struct symbol_frame *frame);

/* The machine code; NULL if it cannot be had. */
const struct flow_source *resolver_code(struct resolver *resolver);
/* The graph of the function at entry, made once; NULL if its code cannot be had. */
struct flow *resolver_flow(struct resolver *resolver, uint64_t entry);
/* As flow_source.callee; NULL if the code cannot be had. */
const char *resolver_callee(struct resolver *resolver, uint64_t address, bool slot);

/* What the call that returns to after calls. */
struct symbol_target resolver_call(struct resolver *resolver, uint64_t after);

/* A jump out of a function. */
struct resolver_edge {
	uint64_t pc; /* 0: not known */
	struct symbol_target target;
};

struct resolver_edges {
	struct resolver_edge *list; /* to be freed */
	size_t count;
	size_t cap;
	bool whole; /* there are no others */
	bool lax;   /* but jumps to hooks, maybe */
};

/* Fills *edges, which is zero. */
void resolver_find_edges(
    struct resolver *resolver, uint64_t function, struct resolver_edges *edges);

#endif
