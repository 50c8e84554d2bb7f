/* expect: step caller work+1 up=300 */
/* A setjmp of the program's own, which no name tells: its call comes back for each step. */
#include <stdlib.h>

#include "target.h"

enum { REGISTERS = 8 };

int save(void **registers) __attribute__((returns_twice));
void restore(void **registers) __attribute__((noreturn));

__asm__(".text\n"
	".type save,@function\n"
	"save:\n"
	".cfi_startproc\n"
	"mov %rbx,(%rdi)\n"
	"mov %rbp,8(%rdi)\n"
	"mov %r12,16(%rdi)\n"
	"mov %r13,24(%rdi)\n"
	"mov %r14,32(%rdi)\n"
	"mov %r15,40(%rdi)\n"
	"lea 8(%rsp),%rdx\n"
	"mov %rdx,48(%rdi)\n"
	"mov (%rsp),%rdx\n"
	"mov %rdx,56(%rdi)\n"
	"xor %eax,%eax\n"
	"ret\n"
	".cfi_endproc\n"
	".size save,.-save\n"
	".type restore,@function\n"
	"restore:\n"
	".cfi_startproc\n"
	"mov (%rdi),%rbx\n"
	"mov 8(%rdi),%rbp\n"
	"mov 16(%rdi),%r12\n"
	"mov 24(%rdi),%r13\n"
	"mov 32(%rdi),%r14\n"
	"mov 40(%rdi),%r15\n"
	"mov 48(%rdi),%rsp\n"
	"mov $1,%eax\n"
	"jmp *56(%rdi)\n"
	".cfi_endproc\n"
	".size restore,.-restore\n");

static void *registers[REGISTERS];
static char *kept;
static volatile int steps;

static NOINLINE void
step(int drop)
{
	if (!HIDE(drop)) {
		kept = malloc(32);
		TOUCH(kept);
	}
	BEHIND();
	if (HIDE(drop))
		free(kept);
	BEHIND();
}

static NOINLINE void
work(void)
{
	save(registers);
	step(steps++ % 2);
	if (steps < 600)
		restore(registers);
	BEHIND();
}

int
main(void)
{
	work();
	BEHIND();
	return 0;
}
