#include "analyzer/flow/results.h"

#include <string.h>

#include <Zydis/Zydis.h>

#include "analyzer/util/xalloc.h"

enum {
	BLOCKS_MAX = 64, /* of a function */
	CHAIN_MAX = 6,   /* blocks from one to the return */
	REGISTERS = 16,
	RAX = 0,
};

struct look {
	const struct code *code;
	const struct values_graph *known;
	ZydisDecoder decoder;
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	size_t chain[CHAIN_MAX];
	size_t chained;
	uint8_t registers[REGISTERS]; /* enum result */
};

/* ---- the way to the return ---- */

/* The end that the block has; NULL: control just goes on behind it. */
static const struct code_end *
end_of(const struct look *look, size_t block)
{
	const struct code_part *part = code_part(look->code, look->known->starts[block]);
	uint64_t at = look->known->starts[block] - part->part.start;
	uint64_t stop = look->known->stops[block] - part->part.start;

	for (; at < stop && (part->marks[at] & CODE_LENGTH) != 0;
	     at += part->marks[at] & CODE_LENGTH) {
		if ((part->marks[at] & CODE_END) != 0)
			return code_end(look->code, part->part.start + at);
	}
	return NULL;
}

/* Control does not come out of the block: a check that failed, as the stack protector's. */
static bool
is_last(const struct look *look, size_t block)
{
	const struct code_end *end = block < look->known->count ? end_of(look, block) : NULL;

	return end != NULL && (end->kind == INSN_STOP || (end->kind == INSN_CALL && end->noreturn));
}

/* The only block that can come next on the way to a return; count: there is none such. */
static size_t
next_of(const struct look *look, size_t block, const struct code_end *end)
{
	const struct values_graph *known = look->known;
	size_t target;
	size_t behind;

	if (end == NULL)
		return values_block_at(known, known->stops[block]);
	if ((end->kind != INSN_JUMP && end->kind != INSN_BRANCH) || end->target == 0 || end->slot ||
	    end->where != CODE_INSIDE)
		return known->count;
	target = values_block_at(known, end->target);
	if (end->kind == INSN_JUMP)
		return target;
	behind = end->behind == CODE_INSIDE ? values_block_at(known, end->next) : known->count;
	if (is_last(look, target))
		return behind;
	return is_last(look, behind) ? target : known->count;
}

/* The blocks from this one to the return, where only one way leads there. */
static bool
find_chain(struct look *look, size_t block)
{
	const struct code_end *end;

	for (look->chained = 0; look->chained < CHAIN_MAX && block < look->known->count;) {
		look->chain[look->chained++] = block;
		end = end_of(look, block);
		if (end != NULL && end->kind == INSN_RETURN)
			return true;
		block = next_of(look, block, end);
	}
	return false;
}

/* ---- what stands in rax there ---- */

static int
register_number(const ZydisDecodedOperand *operand)
{
	ZydisRegister whole;

	if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER)
		return -1;
	whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, operand->reg.value);
	return ZydisRegisterGetClass(whole) == ZYDIS_REGCLASS_GPR64 ? ZydisRegisterGetId(whole)
								    : -1;
}

/* What a whole register holds behind the instruction that writes it. */
static enum result
written(const struct look *look)
{
	const ZydisDecodedOperand *to = &look->operands[0];
	const ZydisDecodedOperand *from = &look->operands[1];
	int source = register_number(from);

	if (to->size < 32)
		return RESULT_ANY;
	switch ((unsigned int)look->insn.mnemonic) {
	case ZYDIS_MNEMONIC_XOR:
	case ZYDIS_MNEMONIC_SUB:
		return source >= 0 && to->reg.value == from->reg.value ? RESULT_ZERO : RESULT_ANY;
	case ZYDIS_MNEMONIC_OR:
		return from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && from->imm.value.s == -1
		    ? RESULT_NUMBER
		    : RESULT_ANY;
	case ZYDIS_MNEMONIC_MOV:
		if (from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
			return from->imm.value.u == 0 ? RESULT_ZERO : RESULT_NUMBER;
		return source >= 0 ? look->registers[source] : RESULT_ANY;
	default: return RESULT_ANY;
	}
}

static void
step(struct look *look)
{
	int number = register_number(&look->operands[0]);
	enum result result = number >= 0 ? written(look) : RESULT_ANY;
	size_t i;

	for (i = 0; i < look->insn.operand_count; i++) {
		int other = register_number(&look->operands[i]);

		if (other >= 0 &&
		    (look->operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0)
			look->registers[other] = (uint8_t)(i == 0 ? result : RESULT_ANY);
	}
}

static enum result
run_chain(struct look *look)
{
	size_t i;

	memset(look->registers, RESULT_ANY, sizeof(look->registers));
	for (i = 0; i < look->chained; i++) {
		uint64_t at = look->known->starts[look->chain[i]];
		uint64_t stop = look->known->stops[look->chain[i]];
		const struct flow_part *part = &code_part(look->code, at)->part;

		for (; at < stop; at += look->insn.length) {
			if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&look->decoder,
				part->bytes + (at - part->start), part->end - at, &look->insn,
				look->operands)))
				return RESULT_ANY;
			step(look);
		}
	}
	return look->registers[RAX];
}

uint8_t *
results_find(const struct code *code, const struct values_graph *known)
{
	struct look look = { .code = code, .known = known };
	uint8_t *results;
	size_t i;

	if (known->count > BLOCKS_MAX)
		return NULL;
	ZydisDecoderInit(&look.decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	results = xcalloc(known->count + 1, sizeof(*results));
	for (i = 0; i < known->count; i++) {
		if (find_chain(&look, i))
			results[i] = (uint8_t)run_chain(&look);
	}
	return results;
}
