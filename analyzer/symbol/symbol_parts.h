/* What the parts of functions that no symbol names belong to. */
#ifndef SYMBOL_SYMBOL_PARTS_H
#define SYMBOL_SYMBOL_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/flow/flow.h"
#include "analyzer/symbol/symbol_elf.h"

struct symbol_vote; /* private */

/* Zero-initialised: nothing was counted yet. */
struct symbol_parts {
	struct symbol_range range; /* all code that is described lies in it */
	struct symbol_vote *votes;
	size_t vote_count;
	size_t vote_cap;
	bool counted;
};

/*
 * Start of the function that a part without a name belongs to: the one that jumps
 * into it, that it jumps back into, or whose exceptions are caught there. What has no
 * frame from its start on (fde->inner) is a part only if it jumps back into a function
 * that jumps to it, and is used in no other way. 0 if there is none, or as good a
 * one; or if fde is a function or a PLT. The first call looks
 * through all code of source, whose entries of the unwind table are in table.
 */
uint64_t symbol_parts_function(struct symbol_parts *parts, const struct symbol_table *table,
    const struct flow_source *source, const struct symbol_fde *fde);
void symbol_parts_release(struct symbol_parts *parts);

#endif
