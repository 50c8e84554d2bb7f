/*
 * Hazard: handlers that interrupt marked frames: on the same stack, on another,
 * nested, at any moment; that allocate, and that throw (-fnon-call-exceptions).
 * Argument: which.
 */
#include <csignal>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <sys/time.h>

#include "tests/faults/marks.h"

static long destroyed;
static volatile long handled;
static char *volatile nowhere;

struct guard {
	char *block = (char *)malloc(40);
	~guard()
	{
		touch();
		free(block);
		destroyed++;
	}
};

static void
install(int number, void (*handler)(int), int flags)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	action.sa_flags = flags;
	sigaction(number, &action, NULL);
}

NOINLINE static long
frames(int depth)
{
	char *block = (char *)malloc(24);
	long result = 1;

	touch();
	if (depth > 0)
		result += frames(depth - 1);
	touch();
	free(block);
	return result;
}

static void
on_usr2(int)
{
	handled += frames(3) - 3;
}

static void
on_usr1(int)
{
	handled += frames(5);
	raise(SIGUSR2);
	touch();
	handled += frames(2);
}

NOINLINE static long
raising(int depth)
{
	guard g;
	long result = 1;

	touch();
	if (depth > 0)
		result += raising(depth - 1);
	else
		raise(SIGUSR1);
	touch();
	return result;
}

static int
stacks()
{
	static char other[65536];
	stack_t stack = {};
	long sum = 0;

	stack.ss_sp = other;
	stack.ss_size = sizeof(other);
	sigaltstack(&stack, NULL);
	for (int round = 0; round < 3000; round++) {
		install(SIGUSR1, on_usr1, round % 2 != 0 ? SA_ONSTACK : 0);
		install(SIGUSR2, on_usr2, round % 4 > 1 ? SA_ONSTACK : 0);
		sum += raising(round % 12);
	}
	return printf("stacks %ld %ld destroyed %ld\n", sum, handled, destroyed) < 0;
}

static void
on_timer(int)
{
	frames(3);
	handled++;
}

/* With on_timer inside touch(), inside a mark, inside the unwinder. */
NOINLINE static long
thrower(int depth)
{
	guard g;
	long result = 1;

	touch();
	if (depth == 0)
		throw std::runtime_error("under signals");
	result += thrower(depth - 1);
	touch();
	return result;
}

static int
storm()
{
	struct itimerval timer = { { 0, 2000 }, { 0, 2000 } };
	long caught = 0;

	install(SIGALRM, on_timer, SA_RESTART);
	setitimer(ITIMER_REAL, &timer, NULL);
	for (int round = 0; round < 10000 || handled < 200; round++) {
		frames(round % 20);
		try {
			thrower(round % 10);
		} catch (const std::exception &) {
			touch();
			caught++;
		}
	}
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
	return printf("storm %d\n", caught >= 10000) < 0;
}

static void
on_fault(int number)
{
	touch();
	throw std::string(number == SIGSEGV ? "segmentation" : "arithmetic");
}

NOINLINE static long
faulting(int depth, bool divides)
{
	guard g;
	long result = 1;

	touch();
	if (depth > 0)
		result += faulting(depth - 1, divides);
	else if (divides)
		result /= (long)nowhere;
	else
		*nowhere = 1;
	touch();
	return result;
}

static int
faults()
{
	long sum = 0;

	install(SIGSEGV, on_fault, SA_NODEFER);
	install(SIGFPE, on_fault, SA_NODEFER);
	for (int round = 0; round < 400; round++)
		try {
			sum += faulting(round % 10, round % 3 == 0);
		} catch (const std::string &what) {
			touch();
			sum += (long)what.size();
		}
	return printf("faults %ld destroyed %ld\n", sum, destroyed) < 0;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)();
	} cases[] = { { "stacks", stacks }, { "storm", storm }, { "faults", faults } };

	for (auto &c : cases)
		if (argc == 2 && strcmp(argv[1], c.name) == 0)
			return c.run();
	return 2;
}
