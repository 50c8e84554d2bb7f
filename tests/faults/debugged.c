/*
 * Hazard: a debugger looks at marked frames, leaves them (finish), walks up, and
 * writes a core of them. Stops in `stop`, six frames deep. Any process may attach to it.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/faults/marks.h"

static volatile long rounds;

NOINLINE int
stop(int local)
{
	touch();
	return local;
}

NOINLINE int
level(int depth)
{
	int local = depth * 10, result;

	touch();
	result = depth > 0 ? level(depth - 1) : stop(local + 1);
	touch();
	return result + local;
}

int
main(int argc, char **argv)
{
	long sum = 0;

	(void)argv;
	if (argc > 1) {
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
		(void)!write(1, "runs\n", 5);
	}
	for (rounds = 0; rounds < (argc > 1 ? 2000000000 : 20); rounds++)
		sum += level(4);
	return printf("debugged %ld\n", sum) < 0;
}
