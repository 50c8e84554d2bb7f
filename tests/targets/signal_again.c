/* expect: handler unknown|caller main+1 */
/* truth: none, it knows no signals */
/* modes: full exact */
/* What a handler makes its next run frees, in the same frame, which no mark can tell. */
#include <signal.h>
#include <stdlib.h>

#include "target.h"

static char *slot;
static int count;

static void
handler(int number)
{
	(void)number;
	if (slot == NULL) {
		slot = malloc(64);
		TOUCH(slot);
	}
	TOUCH(slot);
	if (++count % 2 == 0) {
		free(slot);
		slot = NULL;
	}
}

int
main(void)
{
	signal(SIGUSR1, handler);
	for (int i = 0; i < 200; i++)
		raise(SIGUSR1);
	return 0;
}
