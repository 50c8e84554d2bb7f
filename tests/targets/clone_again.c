/* expect: body unknown|heap - */
/* truth: none, its stack is another one each time */
/* modes: full exact */
/* Tasks that share memory and thread pointer, one after the other on the same stack: what
 * one makes the next one frees, in the same frame. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "target.h"

static char stack[65536];
static char *slot;
static int count;

static int
body(void *data)
{
	(void)data;
	if (slot == NULL) {
		slot = malloc(64);
		TOUCH(slot);
	}
	TOUCH(slot);
	if (++count % 2 == 0) {
		free(slot);
		slot = NULL;
	}
	return 0;
}

int
main(void)
{
	for (int i = 0; i < 200; i++) {
		int pid = clone(body, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);

		waitpid(pid, NULL, 0);
	}
	return 0;
}
