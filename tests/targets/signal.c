/* expect: handler stack handler+0 local=300 */
/* expect: work stack work+0 local=300 */
/* A handler on the stack that it interrupts. */
#include <signal.h>
#include <stdlib.h>

#include "target.h"

static void
handler(int signal)
{
	char *p = malloc(100);

	TOUCH(p);
	TOUCH(signal);
	free(p);
	BEHIND();
}

static NOINLINE void
work(void)
{
	char *p = malloc(60);

	TOUCH(p);
	raise(SIGUSR1);
	free(p);
	BEHIND();
}

int
main(void)
{
	if (signal(SIGUSR1, handler) == SIG_ERR)
		return 1;
	for (int i = 0; i < 300; i++)
		work();
	return 0;
}
