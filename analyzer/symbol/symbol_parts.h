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
	struct symbol_range range; /* all parts lie in it */
	struct symbol_vote *votes;
	size_t vote_count;
	size_t vote_cap;
	bool counted;
};

/*
 * Start of the function that a part without a name (fde->inner) belongs to: the one
 * that jumps into it, that it jumps back into, or whose exceptions are caught there.
 * 0 if there is none, or as good a one; or if fde is a PLT. The first call looks
 * through all code of source, whose entries of the unwind table are in table.
 */
uint64_t symbol_parts_function(struct symbol_parts *parts, const struct symbol_table *table,
    const struct flow_source *source, const struct symbol_fde *fde);
void symbol_parts_release(struct symbol_parts *parts);

#endif
