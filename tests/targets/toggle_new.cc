/* expect: toggle caller run+1 up=500 */
/* Two calls allocate, the next two free what those did. operator new has a
 * loop around its malloc, of which each call leaves at once. */

#include "target.h"

static char *held[2];

static NOINLINE void
toggle(int i)
{
	if (i % 4 < 2) {
		held[i % 2] = new char[48];
		TOUCH(held[i % 2]);
	} else {
		delete[] held[i % 2];
	}
	BEHIND();
}

static NOINLINE void
run()
{
	for (int i = 0; i < 1000; i++)
		toggle(i);
	BEHIND();
}

int
main()
{
	run();
	return 0;
}
