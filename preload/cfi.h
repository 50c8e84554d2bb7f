/*
 * Call frame information: finds the FDE of a place through _dl_find_object
 * (lock-free, async-signal-safe) and .eh_frame_hdr's table, and runs its
 * instructions. Formats: DWARF 5, 6.4 and 7.23; LSB 5, 10.6 (.eh_frame).
 * Reads only memory of loaded modules and, through load.h, of the stack.
 */
#ifndef PRELOAD_CFI_H
#define PRELOAD_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/frame.h"
#include "preload/load.h"

struct link_map;

struct cfi_fde {
	const struct link_map *map;  /* of the module */
	uint64_t map_start, map_end; /* of the module's mapping */
	uint64_t begin, end;         /* of the code that the FDE is for */
	const uint8_t *cie_code, *cie_end;
	const uint8_t *code, *code_end;
	uint64_t code_align;
	int64_t data_align;
	uint64_t return_column;
	bool signal; /* a signal trampoline's: pc is exact, not a return address */
	uint8_t encoding;
	uint8_t lsda_encoding; /* 0xff: none */
	uint64_t lsda;         /* its exception table; 0: none */
};

enum cfi_how {
	CFI_SAME, /* unset, or the same value */
	CFI_UNDEFINED,
	CFI_OFFSET,     /* at cfa + offset */
	CFI_VALUE,      /* is cfa + offset */
	CFI_REGISTER,   /* is register offset */
	CFI_EXPRESSION, /* at the address that the expression gives */
	CFI_VALUE_EXPRESSION,
};

/*
 * How, and the offset or register, or the address of an expression's length,
 * in one word: rows lie on the program's stack, of which there may be little.
 */
struct cfi_rule {
	int64_t word;
};

struct cfi_row {
	struct cfi_rule cfa; /* CFI_REGISTER: reg + offset; CFI_EXPRESSION: value */
	uint64_t cfa_register;
	struct cfi_rule rules[ARCH_REGISTERS];
};

static inline enum cfi_how
cfi_how(struct cfi_rule rule)
{
	return (enum cfi_how)(rule.word & 7);
}

static inline int64_t
cfi_offset(struct cfi_rule rule)
{
	return rule.word >> 3;
}

/* The operations of a rule by expression, and their length. */
const uint8_t *cfi_expression(struct cfi_rule rule, uint64_t *length);

enum cfi_found { CFI_FOUND, CFI_NO_FDE, CFI_NO_MODULE };

/* The FDE that holds pc. With CFI_NO_FDE map and map_start, map_end are set. */
enum cfi_found cfi_find(uint64_t pc, struct cfi_fde *fde);

/* The row of fde that holds at pc; false: not understood. */
bool cfi_row(const struct cfi_fde *fde, uint64_t pc, struct cfi_row *row);

/* A row of most code, in which little else than the cfa changes: the return address
 * is at cfa - 8, rsp is the cfa. */
struct cfi_plain {
	int64_t cfa; /* from the register */
	int64_t rbp; /* where it is, from the cfa; 0: unchanged */
	uint64_t of; /* the register */
};

/* The same of such code, faster; false: it may not be. */
bool cfi_plain(const struct cfi_fde *fde, uint64_t pc, struct cfi_plain *row);

/*
 * Where the kernel saved the pc that a signal interrupted: *at, by the row of a
 * signal's trampoline. False: the row does not say where, or it cannot be read.
 */
bool cfi_slot(const struct cfi_row *row, const struct load *load,
    const uint64_t regs[ARCH_REGISTERS], uint64_t *at);

/* Replaces regs by the caller's; *cfa is the frame's. False: it cannot. An
 * undefined return address gives regs[ARCH_RA] = 0: the outermost frame. */
bool cfi_step(const struct cfi_row *row, const struct load *load, uint64_t regs[ARCH_REGISTERS],
    uint64_t *cfa);

#endif
