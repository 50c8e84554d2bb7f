/* expect: body unknown|heap - */
/* truth: none, it knows a stack by its address */
/* modes: full exact */
/* Coroutines, one after the other on the same stack: what one makes the next one frees,
 * in the same frame, which no mark can tell. */
#include <stdlib.h>
#include <ucontext.h>

#include "target.h"

static ucontext_t home, away;
static char stack[65536];
static char *slot;
static int count;

static void
body(void)
{
	if (slot == NULL) {
		slot = malloc(64);
		TOUCH(slot);
	}
	TOUCH(slot);
	if (++count % 2 == 0) {
		free(slot);
		slot = NULL;
	}
	swapcontext(&away, &home);
}

int
main(void)
{
	for (int i = 0; i < 200; i++) {
		getcontext(&away);
		away.uc_stack.ss_sp = stack;
		away.uc_stack.ss_size = sizeof(stack);
		makecontext(&away, body, 0);
		swapcontext(&home, &away);
	}
	return 0;
}
