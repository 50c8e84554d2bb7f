/* The answers of a module as its cache has them. Private to the resolver; a module
 * without a cache has none, and keeps none. */
#ifndef SYMBOL_SYMBOL_ANSWERS_H
#define SYMBOL_SYMBOL_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/symbol/symbol_cache.h"
#include "analyzer/symbol/symbol_target.h"

struct flow;
struct module;
struct symbol;
struct symbol_frame;
struct symbol_place;

/* Opens the cache of a module whose files were found; its state, if that is known
 * there, is then set, and true returned: nothing else of it need be read. */
bool symbol_answers_open(struct symbol *symbol, struct module *module);
/* Writes it, if it may be kept and there is anything new. */
bool symbol_answers_save(struct module *module);

/* Each gives true if the answer is known; and the next keeps it. */

/* NULL: outside of the code. The place lives as long as the resolver. */
bool symbol_answers_place(
    struct symbol *symbol, struct module *module, uint64_t addr, const struct symbol_place **place);
void symbol_answers_keep_place(
    struct module *module, uint64_t addr, const struct symbol_place *place);

bool symbol_answers_number(
    struct module *module, enum symbol_cache_kind kind, uint64_t question, uint64_t *number);
void symbol_answers_keep_number(
    struct module *module, enum symbol_cache_kind kind, uint64_t question, uint64_t number);

/* NULL: it has none. */
bool symbol_answers_name(
    struct module *module, enum symbol_cache_kind kind, uint64_t question, const char **name);
void symbol_answers_keep_name(
    struct module *module, enum symbol_cache_kind kind, uint64_t question, const char *name);

/* A new graph, the caller's; NULL: not known. */
struct flow *symbol_answers_flow(struct module *module, uint64_t entry);
void symbol_answers_keep_flow(struct module *module, uint64_t entry, const struct flow *flow);

/* The frame's file, line and column. */
bool symbol_answers_declared(struct module *module, uint64_t function, struct symbol_frame *frame);
void symbol_answers_keep_declared(
    struct module *module, uint64_t function, const struct symbol_frame *frame);

bool symbol_answers_call(struct module *module, uint64_t after, struct symbol_target *target);
void symbol_answers_keep_call(
    struct module *module, uint64_t after, const struct symbol_target *target);

/* For answers that have targets in them. */
void symbol_answers_add_target(
    struct symbol_cache *cache, struct bytes *bytes, const struct symbol_target *target);
struct symbol_target symbol_answers_take_target(
    const struct symbol_cache *cache, struct bytes_reader *reader);

#endif
