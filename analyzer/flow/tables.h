/* Where a computed jump leads, given how its target is computed. */
#ifndef FLOW_TABLES_H
#define FLOW_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/flow/code.h"

struct tables_jump {
	struct code_end *end; /* what becomes known is noted there */
	uint64_t table;       /* address of the first entry; the target, if that is constant */
	uint64_t base;        /* what is added to an entry */
	uint64_t bound;       /* largest index */
	bool bounded;
	bool sign;        /* entries are signed */
	bool stack_known; /* how far the stack pointer is from where it was on entry */
	bool stack_empty; /* it is there: the jump can leave the function */
};

/* All of these: true if there are new targets, which were added to the work. */

/* The target is table itself. */
bool tables_constant(struct code *code, const struct tables_jump *jump);
/* The target is base plus a 4-byte entry. */
bool tables_relative(struct code *code, const struct tables_jump *jump);
/* The target is an 8-byte entry. */
bool tables_absolute(struct code *code, const struct tables_jump *jump);
/* The target comes from somewhere: it is another function, or an instruction of this
 * one whose address stands in the code or in the file's data. */
bool tables_pointer(struct code *code, const struct tables_jump *jump);

#endif
