/* expect: run caller main+1 up=300 */
/* As labels_apart.c, but one comes to each label in some other way, too: of the jump, no
 * code tells that nothing leads to it. */
#include <stdlib.h>

#include "target.h"

enum { MAKE, DROP, OUT };

static char *kept;

static NOINLINE void
run(const int *program)
{
	static const int apart[] = { &&make - &&make, &&drop - &&make, &&out - &&make };
	void *code[2];

	for (int i = 0; i < 2; i++)
		code[i] = (char *)&&make + apart[program[i]];
	goto *HIDE(code[0]);
make:
	kept = malloc(48);
	TOUCH(kept);
	if (HIDE(program[1] == OUT))
		goto out;
drop:
	free(kept);
out:
	BEHIND();
}

int
main(void)
{
	static const int makes[] = { MAKE, OUT };
	static const int drops[] = { DROP, OUT };

	for (int i = 0; i < 600; i++)
		run(HIDE(i % 2 == 0 ? &makes[0] : &drops[0]));
	return 0;
}
