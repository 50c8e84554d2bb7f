/* expect: push caller body+1 up=600 */
/* A ring inside of a coroutine: its frames stand in the same slots after each
 * switch. */
#include <stdlib.h>
#include <ucontext.h>

#include "target.h"

static ucontext_t home, away;
static char stack[65536];
static char *ring[10];

static NOINLINE void
push(int n)
{
	free(ring[n % 10]);
	ring[n % 10] = malloc(64);
	TOUCH(ring[n % 10]);
	BEHIND();
}

static void
body(void)
{
	for (int n = 0; n < 600; n++) {
		push(n);
		swapcontext(&away, &home);
	}
	for (int n = 0; n < 10; n++)
		free(ring[n]);
	swapcontext(&away, &home);
}

int
main(void)
{
	TRUTH_REGION(stack, sizeof(stack));
	getcontext(&away);
	away.uc_stack.ss_sp = stack;
	away.uc_stack.ss_size = sizeof(stack);
	makecontext(&away, body, 0);
	for (int i = 0; i < 601; i++)
		swapcontext(&home, &away);
	return 0;
}
