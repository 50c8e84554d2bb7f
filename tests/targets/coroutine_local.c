/* expect: body stack body+0 local=400 */
/* Two coroutines take turns; each holds its block while the other one runs and
 * frees it itself. */
#include <stdlib.h>
#include <ucontext.h>

#include "target.h"

static ucontext_t home, away[2];
static char stacks[2][65536];

static void
body(int which)
{
	for (;;) {
		char *p = malloc(64);

		TOUCH(p);
		swapcontext(&away[which], &home);
		free(p);
		swapcontext(&away[which], &home);
	}
}

int
main(void)
{
	for (int i = 0; i < 2; i++) {
		TRUTH_REGION(stacks[i], sizeof(stacks[i]));
		getcontext(&away[i]);
		away[i].uc_stack.ss_sp = stacks[i];
		away[i].uc_stack.ss_size = sizeof(stacks[i]);
		makecontext(&away[i], (void (*)(void))body, 1, i);
	}
	for (int i = 0; i < 800; i++)
		swapcontext(&home, &away[i % 2]);
	return 0;
}
