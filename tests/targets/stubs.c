/* expect: step caller work+1 up=300 */
/* flags: -fuse-ld=lld -Wl,-z,retpolineplt */
/* configurations: gcc-O[0123] */
/* lld's stubs of a kind that no other linker makes: behind one of them is setjmp. */
#include <setjmp.h>
#include <stdlib.h>

#include "target.h"

static jmp_buf registers;
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
	SETJMP(registers);
	step(steps++ % 2);
	if (steps < 600)
		longjmp(registers, 1);
	BEHIND();
}

int
main(void)
{
	work();
	BEHIND();
	return 0;
}
