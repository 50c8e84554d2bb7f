/* Return marks of x86-64: the cells (marks.S), and what may have one. */
#ifndef ARCH_MARKS_H
#define ARCH_MARKS_H

/* A cell jumps to its word of the table, which is 8 bytes, too. */
#define ARCH_MARKS_CELLS 65536
#define ARCH_MARKS_CELL 8

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stdint.h>

extern const uint8_t arch_marks_code[];
void arch_marks_resume(void);
extern uint64_t arch_marks_targets[ARCH_MARKS_CELLS];

/* Whether the instruction that ends at pc, in a function that begins at begin, may
 * be a call: what else would have pushed pc? */
static inline bool
arch_marks_call(uint64_t begin, uint64_t pc)
{
	const uint8_t *at = (const uint8_t *)pc;
	uint64_t room = pc - begin;

	if (room >= 5 && at[-5] == 0xe8)
		return true;
	/* ff /2: register, memory, with a displacement of 0, 1, 4 bytes, with SIB */
	return (room >= 2 && at[-2] == 0xff && (at[-1] & 0x38) == 0x10) ||
	    (room >= 3 && at[-3] == 0xff && (at[-2] & 0x38) == 0x10) ||
	    (room >= 4 && at[-4] == 0xff && (at[-3] & 0x38) == 0x10) ||
	    (room >= 6 && at[-6] == 0xff && (at[-5] & 0x38) == 0x10) ||
	    (room >= 7 && at[-7] == 0xff && (at[-6] & 0x38) == 0x10);
}

/* Whether the processor compares return addresses with a second stack. RDSSPQ,
 * which does nothing where there is none. */
static inline bool
arch_marks_shadow(void)
{
	uint64_t pointer = 0;

	__asm__ volatile(".byte 0xf3, 0x48, 0x0f, 0x1e, 0xc8" : "+a"(pointer));
	/* cppcheck-suppress knownConditionTrueFalse ; it does not see what the code writes */
	return pointer != 0;
}
#endif

#endif
