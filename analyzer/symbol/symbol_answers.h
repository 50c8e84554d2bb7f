/*
 * What is known of a module: out of its cache, or else asked of its process, and then kept
 * there. Both may have anything in them; what makes no sense is no answer. Texts
 * live as long as the resolver. Private to the resolver.
 */
#ifndef SYMBOL_SYMBOL_ANSWERS_H
#define SYMBOL_SYMBOL_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/symbol/symbol.h"
#include "analyzer/symbol/symbol_cache.h"
#include "analyzer/symbol/symbol_target.h"

struct flow;
struct module;

/* Opens the module's files and its cache, and sets what is known of the module first:
 * its states, its debug file. */
void symbol_answers_open(struct symbol *symbol, struct module *module);
/* Writes the module's cache; true if it did. */
bool symbol_answers_save(struct module *module);

/* All of these: false if the module has failed. *place: in the resolver's memory, NULL
 * outside of the code. */
bool symbol_answers_place(
    struct symbol *symbol, struct module *module, uint64_t addr, const struct symbol_place **place);
bool symbol_answers_number(
    struct module *module, enum symbol_ask_kind kind, uint64_t question, uint64_t *number);
bool symbol_answers_name(
    struct module *module, enum symbol_ask_kind kind, uint64_t question, const char **name);
/* Sets file, line, column. */
bool symbol_answers_declared(struct module *module, uint64_t function, struct symbol_frame *frame);
bool symbol_answers_call(struct module *module, uint64_t after, struct symbol_target *target);
/* NULL as well if there is no code; owned by the caller. */
struct flow *symbol_answers_flow(struct module *module, uint64_t entry);

struct symbol_edge {
	uint64_t pc; /* 0: not known */
	struct symbol_target target;
};

/* The jumps out of a function. */
struct symbol_edges {
	struct symbol_edge *list; /* to be freed */
	size_t count;
	bool whole; /* there are no others */
	bool lax;   /* but jumps to hooks, maybe */
};

bool symbol_answers_edges(struct module *module, uint64_t function, struct symbol_edges *edges);

/* Of a text, not kept: where the module has the function of that name, 0 nowhere. */
bool symbol_answers_export(struct module *module, const char *name, uint64_t *address);
/* The plain name of a linkage name; NULL if it has none. Valid until the next answer. */
bool symbol_answers_plain(struct module *module, const char *linkage, const char **plain);

#endif
