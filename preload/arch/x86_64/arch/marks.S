/*
 * The cells of the return marks: each jumps to its word of the table, at a
 * fixed displacement, and changes neither a register nor a flag. NOTRACK: where
 * the processor wants indirect jumps to land on ENDBR64, a return does not.
 */
#include "arch/marks.h"

	.section .text.marks, "ax", @progbits
	.p2align 12
	/* Unwinders look for the byte before a return address. */
.Lbegin:
	.skip 64, 0xcc
	.globl	arch_marks_code
	.hidden	arch_marks_code
	.type	arch_marks_code, @function
arch_marks_code:
	.set	.Lcell, 0
	.rept	ARCH_MARKS_CELLS
	.byte	0x3e, 0xff, 0x25
	.long	arch_marks_targets + 8 * .Lcell - . - 4
	.byte	0xcc
	.set	.Lcell, .Lcell + 1
	.endr
.Lend:
	.size	arch_marks_code, . - arch_marks_code

	.bss
	.p2align 12
	.globl	arch_marks_targets
	.hidden	arch_marks_targets
	.type	arch_marks_targets, @object
arch_marks_targets:
	.skip	8 * ARCH_MARKS_CELLS
	.size	arch_marks_targets, . - arch_marks_targets

/*
 * Where marks_unwound sends an exception whose handler the mark was taken for:
 * rax the exception, rdx the return address. As if the function that the mark
 * returns to had called _Unwind_Resume there.
 */
	.text
	.globl	arch_marks_resume
	.hidden	arch_marks_resume
	.type	arch_marks_resume, @function
arch_marks_resume:
	pushq	%rdx
	movq	%rax, %rdi
	movq	marks_resume@gottpoff(%rip), %rcx
	jmp	*%fs:(%rcx)
	.size	arch_marks_resume, . - arch_marks_resume

/*
 * One description for all cells. A cell is a frame of its own, without a slot,
 * around the function that returns to it and inside the one that it jumps to:
 *
 *   CFA             rsp
 *   return address  the word at pc + (arch_marks_targets - arch_marks_code); the
 *                   difference is made of two that the linker knows, from places
 *                   6 bytes apart
 *   personality     marks_unwound
 */
	.section .eh_frame, "a", @progbits
.Lcie:
	.long	.Lcie_end - .Lcie_begin
.Lcie_begin:
	.long	0
	.byte	1		/* version */
	.string	"zPR"
	.uleb128 1		/* code alignment */
	.sleb128 -8		/* data alignment */
	.byte	16		/* return address column */
	.uleb128 6
	.byte	0x1b		/* personality: pc-relative, 4 bytes */
	.long	marks_unwound - .
	.byte	0x1b		/* pointers: the same */
	.byte	0x0c, 7, 0	/* DW_CFA_def_cfa rsp, 0 */
	.balign	8
.Lcie_end:
.Lfde:
	.long	.Lfde_end - .Lfde_begin
.Lfde_begin:
	.long	.Lfde_begin - .Lcie
	.long	.Lbegin - .
	.long	.Lend - .Lbegin
	.uleb128 0
	.byte	0x16, 7, 2	/* DW_CFA_val_expression rsp */
	.byte	0x77, 0		/* DW_OP_breg7 0 */
	.byte	0x16, 16, .Lra_end - .Lra_begin	/* DW_CFA_val_expression pc */
.Lra_begin:
	.byte	0x80, 0		/* DW_OP_breg16 0 */
	.byte	0x0d		/* DW_OP_const4s */
	.long	arch_marks_targets - .
	.byte	0x22		/* DW_OP_plus */
	.byte	0x0d
	.long	arch_marks_code - .
	.byte	0x1c		/* DW_OP_minus */
	.byte	0x36		/* DW_OP_lit6 */
	.byte	0x1c
	.byte	0x06		/* DW_OP_deref */
.Lra_end:
	.balign	8
.Lfde_end:

	.section .note.GNU-stack, "", @progbits
