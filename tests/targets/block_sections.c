/* expect: both stack both+0 local=600 ; run caller main+1 up=300 ; turn caller loop+1 up=600 */
/* flags: -fbasic-block-sections=all */
/* configurations: clang-O[123] */
/* Each block of a function stands in a section of its own, with an entry of its own in the
 * unwind table, and a symbol. */
#include <stdlib.h>

#include "target.h"

enum { SIZE = 4 };

static char *kept, *ring[SIZE];

static NOINLINE int
odd(int n)
{
	BEHIND();
	return n % 2;
}

static NOINLINE void
both(int i)
{
	char *p = malloc(64);

	TOUCH(p);
	if (odd(i)) {
		odd(i + 1);
		free(p);
	} else {
		free(p);
	}
	BEHIND();
}

static NOINLINE void
turn(int i)
{
	char *p = malloc(48);

	TOUCH(p);
	if (odd(i))
		BEHIND();
	free(ring[i % SIZE]);
	ring[i % SIZE] = p;
	BEHIND();
}

static NOINLINE void
loop(void)
{
	for (int i = 0; i < 600; i++) {
		if (odd(i))
			TOUCH(&i);
		turn(i);
	}
	for (int i = 0; i < SIZE; i++)
		free(ring[i]);
	BEHIND();
}

static NOINLINE void
run(int drop)
{
	switch (drop) {
	case 0: kept = malloc(56); TOUCH(kept); /* fall through */
	case 1:
		if (HIDE(drop))
			free(kept);
		break;
	case 2: odd(3); break;
	case 3: odd(5); break;
	case 4: odd(7); break;
	case 5: odd(9); break;
	default: odd(11); break;
	}
	BEHIND();
}

int
main(void)
{
	loop();
	for (int i = 0; i < 600; i++)
		both(i);
	for (int i = 0; i < 600; i++)
		run(HIDE(i % 2));
	return 0;
}
