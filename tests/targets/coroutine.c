/* expect: produce unknown unknown=500 */
/* expect: inside stack inside+0 local=500 */
/* produce's blocks are freed on another stack of the same thread. */
#include <stdlib.h>
#include <ucontext.h>

#include "target.h"

static ucontext_t home, away;
static char stack[65536];
static char *handed;

static NOINLINE void
produce(void)
{
	handed = malloc(72);
	TOUCH(handed);
}

static NOINLINE void
inside(void)
{
	char *p = malloc(80);

	TOUCH(p);
	free(p);
	BEHIND();
}

static void
body(void)
{
	for (;;) {
		produce();
		inside();
		swapcontext(&away, &home);
	}
}

int
main(void)
{
	TRUTH_REGION(stack, sizeof(stack));
	getcontext(&away);
	away.uc_stack.ss_sp = stack;
	away.uc_stack.ss_size = sizeof(stack);
	makecontext(&away, body, 0);
	for (int i = 0; i < 500; i++) {
		swapcontext(&home, &away);
		free(handed);
	}
	return 0;
}
