/* What is known where a block begins, or behind an instruction: of the registers, of
 * stack slots, of the flags. Private to the values*.c files. */
#ifndef FLOW_VALUES_STATE_H
#define FLOW_VALUES_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <Zydis/Zydis.h>

#include "analyzer/flow/value.h"

enum {
	REGISTERS = 16,
	SLOTS = 40, /* of the stack, that are followed at a time */
};

/* Bases of stack addresses: the stack pointer on entry, or where it was set anew. */
#define ENTRY_BASE UINT64_C(1)
#define PHI_BIT (UINT64_C(1) << 63)
/* In the base of a slot that is no stack slot: memory that a register points to, or,
 * alone, memory at a fixed address. */
#define MEMORY_BIT (UINT64_C(1) << 62)

struct slot {
	uint64_t base;
	uint64_t offset;
	uint32_t size;
	struct value value;
};

/* What the flags know: a comparison with a number. */
struct compared {
	uint64_t id; /* 0: nothing */
	uint64_t number;
	uint8_t width;
	uint8_t extension;
};

/* slots comes last: a state that is kept ends with the last one that is used. */
struct state {
	struct value registers[REGISTERS];
	uint32_t slot_count;
	uint32_t next; /* slot that makes room */
	struct compared compared;
	struct slot slots[SLOTS]; /* room for slot_count of them, where a block is entered */
};

/* Bytes of a state with room for its slots only. */
size_t state_size(const struct state *state);
/* to has room for all slots. */
void state_copy(struct state *to, const struct state *from);
/* The slot that begins there; NULL: nothing is known of it. */
const struct slot *state_find(const struct state *state, uint64_t base, uint64_t offset);
/* Slots that a store of size bytes overwrites are gone. */
void state_drop(struct state *state, uint64_t base, uint64_t offset, uint64_t size);
/* What is called id is computed anew: what was called so is something else now. */
void state_forget(struct state *state, uint64_t id);
/* A store to what address says, STACK or PLACE: replaces the slots that it overwrites. */
void state_store(
    struct state *state, const struct value *address, uint32_t size, struct value value);
/* Memory other than the stack may have been written to. */
void state_doubt_memory(struct state *state);
/* A store somewhere: addresses that the compiler spilled stay what they are, but
 * what is known of variables may be wrong now. */
void state_doubt(struct state *state);
/* What a branch that was taken, or was not, says of what was compared. */
void state_refine(struct state *state, ZydisMnemonic mnemonic, bool taken);
/* A block that begins at start is entered for the first time: values that were named on
 * an earlier entry of it are not this one's. */
void state_enter(struct state *state, uint64_t start);
/* ... or once more; true if less is known then. */
bool state_merge(struct state *into, const struct state *from, uint64_t start);

#endif
