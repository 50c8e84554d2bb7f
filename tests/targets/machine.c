/* expect: run stack run+0 local=1000 */
/* A state machine by a switch in a loop: the state that frees stands before
 * the one that allocates. */
#include <stdlib.h>

#include "target.h"

enum state { START, DROP, NOTHING, MAKE, USE, MORE, END };

static NOINLINE int
run(int count)
{
	char *p = NULL;
	volatile int used = 0;
	int state = HIDE(START);

	while (state != END) {
		switch (state) {
		case START: state = HIDE(MAKE); break;
		case DROP:
			free(p);
			p = NULL;
			state = --count > 0 ? HIDE(NOTHING) : HIDE(END);
			break;
		case NOTHING:
			used++;
			state = HIDE(MAKE);
			break;
		case MAKE:
			p = malloc(64);
			TOUCH(p);
			state = HIDE(USE);
			break;
		case USE:
			used += 2;
			state = HIDE(MORE);
			break;
		case MORE:
			used += 3;
			state = HIDE(DROP);
			break;
		default: abort();
		}
	}
	return used;
}

int
main(void)
{
	int sum = 0;

	for (int i = 0; i < 100; i++)
		sum += run(10);
	return sum == 0;
}
