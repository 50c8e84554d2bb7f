/* expect: handler stack handler+0 local=300 */
/* expect: work stack work+0 local=300 */
/* A handler on a stack of its own, on top of the one that it interrupts: work still
 * runs when the handler frees its block. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "target.h"

static char stack[65536];
static char *handed;

static void
handler(int signal)
{
	char *p = malloc(100);

	TOUCH(p);
	TOUCH(signal);
	free(p);
	free(handed);
	BEHIND();
}

static NOINLINE void
work(void)
{
	handed = malloc(60);
	TOUCH(handed);
	raise(SIGUSR1);
	BEHIND();
}

int
main(void)
{
	stack_t other;
	struct sigaction action;

	memset(&other, 0, sizeof(other));
	other.ss_sp = stack;
	other.ss_size = sizeof(stack);
	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	action.sa_flags = SA_ONSTACK;
	if (sigaltstack(&other, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0)
		return 1;
	for (int i = 0; i < 300; i++)
		work();
	return 0;
}
