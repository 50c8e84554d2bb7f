/* The call sites of functions, from DW_TAG_call_site (DWARF 5) and
 * DW_TAG_GNU_call_site (DWARF 4). */
#ifndef SYMBOL_SYMBOL_CALLS_H
#define SYMBOL_SYMBOL_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <elfutils/libdw.h>

#include "analyzer/util/map.h"

struct symbol_dwarf;

struct symbol_call {
	Dwarf_Die site;
	Dwarf_Die called; /* only if name is set */
	uint64_t pc;      /* of the instruction; 0: only where it ends is known */
	uint64_t after;   /* address behind it; 0: not known */
	const char *name; /* linkage name of what is called; NULL: not known */
	bool tail;        /* it leaves the function */
};

struct symbol_calls {
	struct symbol_call *list;
	size_t count;
	size_t cap;
	bool whole; /* all tail calls are among them */
	bool lax;   /* but those of functions that the compiler has no source of (clang) */
};

/* Zero-initialised: empty. */
struct symbol_calls_cache {
	struct map by_function; /* DIE -> struct symbol_calls * */
};

/* Those of the function that holds addr; NULL if none is known there. Lives until
 * the release, which comes before that of dwarf. */
const struct symbol_calls *symbol_calls_of(
    struct symbol_calls_cache *cache, struct symbol_dwarf *dwarf, uint64_t addr);
/* Address of what is called; 0: not in this file, or not known which of several. */
uint64_t symbol_calls_target(struct symbol_dwarf *dwarf, const struct symbol_call *call);
void symbol_calls_release(struct symbol_calls_cache *cache);

#endif
