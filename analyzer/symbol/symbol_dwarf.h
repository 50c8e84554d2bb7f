/*
 * Functions, inlined calls and lines of a module from its DWARF. The units are
 * indexed by their own ranges (not every compiler writes .debug_aranges), the
 * functions of a unit when it is first needed.
 */
#ifndef SYMBOL_SYMBOL_DWARF_H
#define SYMBOL_SYMBOL_DWARF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/symbol/symbol.h"
#include "analyzer/symbol/symbol_elf.h"

struct arena;
struct symbol_dwarf; /* opaque */

enum { SYMBOL_DWARF_FRAMES = 128 };

struct symbol_dwarf_answer {
	struct symbol_frame frames[SYMBOL_DWARF_FRAMES]; /* innermost first */
	size_t count; /* 0: no function known; frames[0] may have a line still */
	uint64_t low; /* where the function begins; 0 unknown */
};

/*
 * Opens the DWARF of file; code is where functions may lie. Strings come from
 * arena or the file, which both must outlive it. root: where shared files (dwz)
 * are looked for. NULL if there is none to read.
 */
struct symbol_dwarf *symbol_dwarf_new(const struct symbol_elf *file,
    const struct symbol_table *code, const char *root, struct arena *arena);
void symbol_dwarf_free(struct symbol_dwarf *dwarf);

/* Resolves addr; instance of the last frame is left 0. */
void symbol_dwarf_find(
    struct symbol_dwarf *dwarf, uint64_t addr, struct symbol_dwarf_answer *answer);

#endif
