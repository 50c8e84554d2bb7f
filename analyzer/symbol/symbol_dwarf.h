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

#include <elfutils/libdw.h>

#include "analyzer/symbol/symbol.h"
#include "analyzer/symbol/symbol_ask.h"
#include "analyzer/symbol/symbol_elf.h"

struct arena;
struct symbol_dwarf; /* opaque */

enum { SYMBOL_DWARF_FRAMES = SYMBOL_ASK_FRAMES };

struct symbol_dwarf_answer {
	struct symbol_frame frames[SYMBOL_DWARF_FRAMES]; /* innermost first */
	size_t count; /* 0: no function known; frames[0] may have a line still */
	uint64_t low; /* where the function begins; 0 unknown */
	bool lacking; /* its unit lies in a file of its own, which is not there */
};

/*
 * Opens the DWARF of file; code is where functions may lie. Strings come from
 * arena or the file, which both must outlive it. root: where shared files (dwz)
 * are looked for. NULL if there is none to read.
 */
struct symbol_dwarf *symbol_dwarf_new(struct symbol_elf *file, const struct symbol_table *code,
    const char *root, struct arena *arena);
void symbol_dwarf_free(struct symbol_dwarf *dwarf);

/* True if some units lie in files of their own. */
bool symbol_dwarf_is_split(const struct symbol_dwarf *dwarf);

/* Resolves addr; instance of the last frame is left 0. */
void symbol_dwarf_find(
    struct symbol_dwarf *dwarf, uint64_t addr, struct symbol_dwarf_answer *answer);

/*
 * For the call sites. The DIE of the function that holds addr; false if there is
 * none. Its unit is opened, so that its references can be followed.
 */
bool symbol_dwarf_function(struct symbol_dwarf *dwarf, uint64_t addr, Dwarf_Die *function);
/* The original (declaration, abstract function) that die is a copy of, or itself. */
void symbol_dwarf_origin(const Dwarf_Die *die, Dwarf_Die *origin);
/* Where the only function with code begins that is a copy of origin, if it is in
 * origin's unit or that of beside; 0 if there is none or several. */
uint64_t symbol_dwarf_copy(struct symbol_dwarf *dwarf, Dwarf_Die *origin, Dwarf_Die *beside);
/* Sets file and line of where the function that holds addr is declared. */
void symbol_dwarf_declared(struct symbol_dwarf *dwarf, uint64_t addr, struct symbol_frame *frame);

/* Steps to the entry behind this one in its unit; false: there is none, or the
 * file leads back to an earlier one, where a walk would never end. */
bool symbol_dwarf_sibling(Dwarf_Die *die);
/* The first entry inside of it; false as before. */
bool symbol_dwarf_child(Dwarf_Die *die, Dwarf_Die *child);
/* For a walk from die to die: true if this one lies behind the one before, *last, which
 * it then is. Else a sibling's reference leads in among what was seen: a walk that follows
 * would see twice as much at each depth. */
bool symbol_dwarf_is_behind(const Dwarf_Die *die, const void **last);

#endif
