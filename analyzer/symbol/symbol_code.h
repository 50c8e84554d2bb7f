/* The machine code of a module's functions, as analyzer/flow wants it. */
#ifndef SYMBOL_SYMBOL_CODE_H
#define SYMBOL_SYMBOL_CODE_H

#include "analyzer/flow/flow.h"
#include "analyzer/symbol/symbol_elf.h"

struct symbol_code;

/* Both stay open and as they are until symbol_code_free. NULL if the file has no
 * code that could be read: separate debug information, another processor's. */
struct symbol_code *symbol_code_new(const struct symbol_elf *file, struct symbol_table *table);
void symbol_code_free(struct symbol_code *code);
const struct flow_source *symbol_code_source(const struct symbol_code *code);

/* symbol_parts_function of this file. */
uint64_t symbol_code_parent(struct symbol_code *code, const struct symbol_fde *fde);

#endif
