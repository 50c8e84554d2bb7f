/* One instruction, as far as the way of control is concerned. */
#ifndef FLOW_INSN_H
#define FLOW_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum insn_kind {
	INSN_PLAIN,
	INSN_CALL,
	INSN_JUMP,
	INSN_BRANCH, /* or goes on behind itself */
	INSN_RETURN,
	INSN_STOP, /* traps: nothing comes behind it */
	INSN_BAD,  /* is none */
};

struct insn {
	enum insn_kind kind;
	uint8_t length;  /* bytes, 1 for INSN_BAD */
	bool slot;       /* target is where the address stands that it goes to */
	uint64_t target; /* of calls, jumps, branches; 0: computed */
	uint64_t loaded; /* address that it puts in a register or in memory, else 0 */
};

/*
 * Decodes the instruction at address, of whose bytes size can be read. fixed: as in
 * struct flow_source; then plain numbers count as loaded.
 */
void insn_decode(
    struct insn *insn, const uint8_t *bytes, size_t size, uint64_t address, bool fixed);
/* The same by the disassembler alone, which is slower; to compare with. */
void insn_decode_any(
    struct insn *insn, const uint8_t *bytes, size_t size, uint64_t address, bool fixed);

#endif
