/* expect: run caller main+1 up=300 */
/* A machine whose labels are known by their distance from one of them, and made into addresses
 * when it runs: what one run makes the next one drops. */
#include <stdlib.h>

#include "target.h"

enum { MAKE, DROP, OUT, LENGTH };

static char *kept;

static NOINLINE void
run(const unsigned char *program)
{
	static const int apart[] = { &&make - &&make, &&drop - &&make, &&out - &&make };
	void *code[LENGTH];
	void **at = code;

	for (int i = 0; i < LENGTH; i++)
		code[i] = (char *)&&make + apart[program[i]];
	goto **at++;
make:
	kept = malloc(48);
	if (HIDE(kept == NULL))
		goto drop;
	TOUCH(kept);
	goto **at++;
drop:
	free(kept);
	goto **at++;
out:
	BEHIND();
}

int
main(void)
{
	static const unsigned char makes[LENGTH] = { MAKE, OUT, OUT };
	static const unsigned char drops[LENGTH] = { DROP, OUT, OUT };

	for (int i = 0; i < 600; i++)
		run(HIDE(i % 2 == 0 ? makes : drops));
	return 0;
}
