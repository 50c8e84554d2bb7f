/*
 * Where the calls and jumps of x86-64 code lead: the code itself says it exactly,
 * also where there is no debug information, or where that names a function of
 * which several copies exist.
 */
#ifndef SYMBOL_SYMBOL_TARGET_H
#define SYMBOL_SYMBOL_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/symbol/symbol_elf.h"

enum symbol_target_kind {
	SYMBOL_TARGET_UNREAD,   /* no code to read, or not understood */
	SYMBOL_TARGET_INDIRECT, /* through a pointer */
	SYMBOL_TARGET_ADDRESS,  /* in the same file */
	SYMBOL_TARGET_NAME,     /* what the dynamic linker finds by that name */
};

struct symbol_target {
	enum symbol_target_kind kind;
	uint64_t address;
	const char *name; /* in the file's string table */
};

/* A word that the dynamic linker fills with the address of a function. */
struct symbol_slot {
	uint64_t address;
	const char *name;
};

/* The slots of one file. Zero-initialised: not read yet. */
struct symbol_slots {
	struct symbol_slot *list; /* by address */
	size_t count;
	size_t cap;
	bool loaded;
};

/* A file's code with what is needed to understand it; nothing is owned. */
struct symbol_code_view {
	const struct symbol_elf *file;
	const struct symbol_table *table;
	struct symbol_slots *slots; /* read when first needed */
};

/* What the call that returns to `after` calls. */
struct symbol_target symbol_target_call(const struct symbol_code_view *view, uint64_t after);
/* Where the jump at `pc`, or if that is 0 the one that ends at `after`, leads. */
struct symbol_target symbol_target_jump(
    const struct symbol_code_view *view, uint64_t pc, uint64_t after);
/* What a place that is jumped to or called stands for: a stub of the procedure
 * linkage table for the function it leads to. */
struct symbol_target symbol_target_place(const struct symbol_code_view *view, uint64_t addr);

/* What the dynamic linker puts into the word at slot; INDIRECT if nothing. */
struct symbol_target symbol_target_slot(const struct symbol_code_view *view, uint64_t slot);

void symbol_target_release(struct symbol_slots *slots);

#endif
