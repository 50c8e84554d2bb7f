/* expect: make caller use+1 up=300 ; run caller main+1 up=300 ; turn caller main+1 up=300 */
/* flags: -mindirect-branch=thunk */
/* configurations: gcc-* */
/* Calls and jumps by a pointer are made by a function that overwrites its return address:
 * its calls come back, though nothing in it looks so, what jumps to it goes on to any
 * label, and it is on no stack. */
#include <stdlib.h>

#include "target.h"

static char *kept;

static NOINLINE void
nothing(void)
{
	BEHIND();
}

static void (*volatile pointer)(void) = nothing;

static NOINLINE char *
make(void)
{
	char *p = malloc(64);

	TOUCH(p);
	return p;
}

static char *(*volatile maker)(void) = make;

static NOINLINE void
use(void)
{
	char *p = maker();

	TOUCH(p);
	free(p);
	BEHIND();
}

static NOINLINE void
turn(int drop)
{
	if (HIDE(drop)) {
		pointer();
	} else {
		kept = malloc(32);
		TOUCH(kept);
	}
	if (HIDE(drop))
		free(kept);
	BEHIND();
}

static NOINLINE void
run(int drop)
{
	static void *const labels[] = { &&make, &&drop, &&out };

	if (HIDE(drop))
		goto *labels[drop];
make:
	kept = malloc(48);
	TOUCH(kept);
drop:
	if (HIDE(drop))
		free(kept);
out:
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 300; i++)
		use();
	for (int i = 0; i < 600; i++)
		turn(i % 2);
	for (int i = 0; i < 600; i++)
		run(HIDE(i % 2));
	return 0;
}
