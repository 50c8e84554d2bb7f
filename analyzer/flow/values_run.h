/* The run of one function's code over what is known. Private to the values*.c files. */
#ifndef FLOW_VALUES_RUN_H
#define FLOW_VALUES_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include <Zydis/Zydis.h>

#include "analyzer/flow/code.h"
#include "analyzer/flow/values.h"
#include "analyzer/flow/values_state.h"

/* Numbers of registers, as instructions have them. */
enum { RAX = 0, RCX = 1, RDX = 2, RSP = 4, RBP = 5, R11 = 11 };

struct run {
	struct code *code;
	const struct values_graph *known;
	ZydisDecoder decoder;
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	uint64_t address;      /* of insn */
	struct state **states; /* blocks are entered with; NULL: not reached */
	bool *dirty;
	bool *matters; /* a computed jump can come behind the block */
	struct state now;
	struct state branch; /* what a branch makes of it */
};

/* A name for a value that the instruction makes; place: which of those that it makes. */
uint64_t values_fresh_id(const struct run *run, unsigned int place);
/* The operand's value, zero-extended where it is narrower than a register. */
struct value values_operand(struct run *run, const ZydisDecodedOperand *operand);
/* The number of the register that the operand is; -1: it is none. */
int values_register(const ZydisDecodedOperand *operand);
/* What the instruction run->insn makes of run->now. */
void values_step(struct run *run);

#endif
