/*
 * The code of one function: its pieces, which of their bytes begin an instruction
 * that control comes to, and where control goes at those that do not just go on.
 */
#ifndef FLOW_CODE_H
#define FLOW_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/flow/flow.h"
#include "analyzer/flow/insn.h"

/* What is kept of each byte of code. */
enum {
	CODE_LENGTH = 0x0f, /* of the instruction that begins here, 0: none */
	CODE_LEADER = 0x10, /* a block begins here */
	CODE_END = 0x20,    /* a block ends with this instruction: it is in ends */
};

struct code_part {
	struct flow_part part;
	uint8_t *marks;
	uint8_t *line; /* bytes where an instruction begins when the piece is read from
	                  its first to its last byte; NULL: not asked yet */
	bool mixed;    /* that makes no sense: not all of it is code */
};

/* Where a jump leads. */
enum code_where {
	CODE_INSIDE,
	CODE_EXIT,  /* to another function */
	CODE_ASTRAY /* who knows */
};

/* How far a computed jump is understood. */
enum code_jump {
	CODE_UNSEEN,
	CODE_RESOLVED, /* goes to one of targets, or out if leaves */
	CODE_OPEN,
};

struct code_end {
	uint64_t address;
	uint64_t next;
	uint64_t target; /* 0: computed */
	enum insn_kind kind;
	enum code_where where;  /* of target */
	enum code_where behind; /* of next, for a branch */
	bool slot;
	bool noreturn; /* a call that never returns */
	bool twice;    /* ... or more than once */
	bool thunk;    /* a jump to what jumps on to where a register says */
	enum code_jump jump;
	bool leaves;
	bool pointer;      /* targets are all labels whose address is known to be taken */
	bool tabled;       /* ... and the pointer comes from a table that has such */
	uint64_t *targets; /* owned */
	size_t target_count;
};

struct code {
	const struct flow_source *source;
	uint64_t entry;
	struct code_part *parts;
	size_t part_count;
	size_t part_cap;
	struct code_end *ends; /* by address after code_explore */
	size_t end_count;
	size_t end_cap;
	uint64_t *work; /* addresses still to be looked at */
	size_t work_count;
	size_t work_cap;
	uint64_t *loaded; /* addresses that the code loads */
	size_t loaded_count;
	size_t loaded_cap;
	uint64_t *taken; /* those of its own instructions; sorted */
	size_t taken_count;
	size_t taken_cap;
	uint64_t *tails; /* what direct jumps leave for */
	size_t tail_count;
	size_t tail_cap;
	size_t bytes;
	size_t instructions;
	size_t steps; /* of looking at values */
	bool oversized;
	bool unclear;
	bool inner_calls; /* a call of a place inside: return is a jump */
};

/* False if there is no code at entry, or too much. */
bool code_begin(struct code *code, const struct flow_source *source, uint64_t entry);
void code_release(struct code *code);

/* Looks at everything that can be reached from what is known. */
void code_explore(struct code *code);

/* Where target leads; adds it to the work if that is inside, and its piece if that
 * belongs to the function. */
enum code_where code_locate(struct code *code, uint64_t target);
/* The part that holds address, or NULL. */
struct code_part *code_part(const struct code *code, uint64_t address);
struct code_end *code_end(const struct code *code, uint64_t address);
/* False if address, which is inside, is in the middle of an instruction, unless the
 * piece seems to have more than code in it. */
bool code_in_line(const struct code *code, uint64_t address);
/* True if it has instructions, other than padding, that nothing known leads to. */
bool code_is_partial(const struct code *code);
/* True if address is inside, but no function's start. */
bool code_is_label(const struct code *code, uint64_t address);

#endif
