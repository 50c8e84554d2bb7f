/*
 * malloc, calloc, realloc and free, as far as sampled mode does not look at them: the
 * distance to the next sample outlasts the block, no burst is on, the block that is
 * freed is nobody's sample. Nothing but the thread's counters is written, nothing but
 * the real function is called. All else is behind them: a function of shim.c, which
 * they jump to, so that it stands on the stack where they did.
 *
 * It is here that what the program pays for a call is decided: a compiler needs half
 * as many instructions again (tests/preload/instructions.test counts them).
 *
 * A signal's handler may come between any two instructions. One that finds the countdown
 * below 0 takes that for the distance's end, and draws another.
 */
#include "arch/hooks.h"

	/* To behind, unless the thread is known, is no child of a fork with its parent's
	 * state, and has nothing to record. rax: its thread_tls. */
	.macro	open behind
	movq	thread_tls@gottpoff(%rip), %rax
	movl	ring_self + HOOKS_NUMBER(%rip), %ecx
	cmpl	%ecx, %fs:HOOKS_OPEN(%rax)
	jne	\behind
	.endm

	/* To behind, if the block rdi is a sample, or its page is to be watched (NULL's
	 * is). */
	.macro	unwatched behind
	movq	real + HOOKS_SAMPLE_PAGES(%rip), %rdx
	movl	%edi, %ecx
	shrl	$HOOKS_PAGE, %ecx
	cmpb	$0, (%rdx,%rcx)
	jne	\behind
	.endm

	/* To behind in auto mode, for the first blocks of a caller (sample_caller), or if
	 * the countdown does not outlast the size. The return address is at rsp. */
	.macro	pay	size, behind
	cmpb	$0, real + HOOKS_COUNTS_CALLERS(%rip)
	je	.Lpay\@
	imull	$HOOKS_CALLER_FACTOR, %esp, %ecx
	xorl	(%rsp), %ecx
	leaq	sample_callers(%rip), %rdx
	movzwl	%cx, %ecx
	cmpb	$HOOKS_FIRST, (%rdx,%rcx)
	jb	\behind
.Lpay\@:
	leaq	HOOKS_BIAS(\size), %rdx
	subq	%rdx, %fs:HOOKS_COUNTDOWN(%rax)
	js	.Lback_\behind
	.endm

	/* Where pay goes when it has taken too much. */
	.macro	back	behind
.Lback_\behind:
	addq	%rdx, %fs:HOOKS_COUNTDOWN(%rax)
	jmp	\behind
	.endm

	/* Counts a block of that size and calls the real function. If it gave none, all
	 * is given back by refund, with the size in rdi. */
	.macro	forward	size, real, refund
	movq	%fs:HOOKS_COUNTERS(%rax), %rdx
	incq	HOOKS_ALLOCATIONS(%rdx)
	addq	\size, HOOKS_BYTES(%rdx)
	.ifc	\refund, shim_refund_both
	incq	HOOKS_FREES(%rdx)
	.endif
	pushq	\size
	.cfi_adjust_cfa_offset 8
	call	*real + \real(%rip)
	popq	%rdi
	.cfi_adjust_cfa_offset -8
	testq	%rax, %rax
	je	\refund
	ret
	.endm

	.macro	begin name
	.p2align 5
	.globl	\name
	.type	\name, @function
\name:
	.cfi_startproc
	.endm

	.macro	end name
	.cfi_endproc
	.size	\name, . - \name
	.endm

	.text
	begin	malloc
	open	shim_behind_malloc
	pay	%rdi, shim_behind_malloc
	forward	%rdi, HOOKS_MALLOC, shim_refund
	back	shim_behind_malloc
	end	malloc

	begin	calloc
	movq	%rdi, %r8
	imulq	%rsi, %r8
	jo	shim_behind_calloc
	open	shim_behind_calloc
	pay	%r8, shim_behind_calloc
	forward	%r8, HOOKS_CALLOC, shim_refund
	back	shim_behind_calloc
	end	calloc

	begin	realloc
	testq	%rsi, %rsi
	je	shim_behind_realloc
	open	shim_behind_realloc
	testq	%rdi, %rdi
	je	.Lnew
	unwatched shim_behind_realloc
	pay	%rsi, shim_behind_realloc
	forward	%rsi, HOOKS_REALLOC, shim_refund_both
.Lnew:
	pay	%rsi, shim_behind_realloc
	movq	%rsi, %rdi
	forward	%rsi, HOOKS_MALLOC, shim_refund
	back	shim_behind_realloc
	end	realloc

	begin	free
	open	shim_behind_free
	unwatched shim_behind_free
	movq	%fs:HOOKS_COUNTERS(%rax), %rdx
	incq	HOOKS_FREES(%rdx)
	jmp	*real + HOOKS_FREE(%rip)
	end	free

	.section .note.GNU-stack, "", @progbits
