/*
 * Hazard: stacks that a walk cannot follow to their end (reliability 69, 70): deeper than
 * what is kept, code without unwind information, generated code, assembler, frames of
 * signals. Expected: what is nearest to the allocation has its names; what could not be
 * walked is said to be cut or broken, and never anybody else's frame.
 * Each function allocates blocks of one size, which tells what its stack must be:
 *   sizes 16 on: deep(): 3000 frames    2000: plain()   3000: generated()
 *   4000: bare(), assembler with no unwind information
 *   5000: handled(), in a signal handler, whose interrupted frames are known
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define NOINLINE __attribute__((noinline))
#define AFTER() __asm__ volatile("" : : : "memory")

static void *volatile last;

NOINLINE static void
deepest(void)
{
	last = malloc(1000);
	AFTER();
	free(last);
}

NOINLINE static void
deep(int depth)
{
	if (depth == 0)
		deepest();
	else
		deep(depth - 1);
	AFTER();
}

NOINLINE static void
plain(void)
{
	last = malloc(2000);
	AFTER();
	free(last);
}

NOINLINE static void
generated(void)
{
	last = malloc(3000);
	AFTER();
	free(last);
}

NOINLINE static void
bare(void)
{
	last = malloc(4000);
	AFTER();
	free(last);
}

/* No CFI, no frame pointer. */
void through_bare(void (*call)(void));
__asm__(".text\n.type through_bare, @function\nthrough_bare:\n"
	"sub $24, %rsp\ncall *%rdi\nadd $24, %rsp\nret\n.size through_bare, .-through_bare\n");

NOINLINE static void
handled(void)
{
	last = malloc(5000);
	AFTER();
	free(last);
}

static void
on_signal(int number)
{
	(void)number;
	handled();
	AFTER();
}

NOINLINE static void
interrupted(void)
{
	raise(SIGUSR1);
	AFTER();
}

/* sub $24, %rsp; call *%rdi; add $24, %rsp; ret */
static const uint8_t code[] = { 0x48, 0x83, 0xec, 0x18, 0xff, 0xd7, 0x48, 0x83, 0xc4, 0x18, 0xc3 };

int
main(void)
{
	void *page = mmap(
	    NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*call)(void (*)(void)) = NULL;

	if (page == MAP_FAILED)
		return 77;
	memcpy(page, code, sizeof(code));
	*(void **)&call = page;
	signal(SIGUSR1, on_signal);
	for (int i = 0; i < 200; i++) {
		if (i < 20)
			deep(3000);
		plain();
		call(generated);
		AFTER();
		through_bare(bare);
		AFTER();
		interrupted();
	}
	return puts("done") < 0;
}
