/*
 * instructions [--settle] SCENARIO...: does the same thing many times; what callgrind counted of
 * each is dumped under its name, per LOOPS times, without what came before it was warm.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

#define PART __attribute__((noinline))

enum { LOOPS = 2000, WARM = 500, MANY = 50000, SETTLE = 100000, BITS = 16 };

static uint64_t chance = 88172645463325252ULL;
static void *volatile kept;

static PART void
pair(void)
{
	kept = malloc(200);
	free(kept);
}

static PART void
other_pair(void)
{
	kept = malloc(200);
	free(kept);
	__asm__ volatile("");
}

static PART void
pairs(int n)
{
	for (int i = 0; i < n; i++)
		pair();
}

static PART void
alternate(int n)
{
	for (int i = 0; i < n; i += 2) {
		pair();
		other_pair();
	}
}

static PART void
callocs(int n)
{
	for (int i = 0; i < n; i++) {
		kept = calloc(5, 40);
		free(kept);
	}
}

/* A realloc is a free and an allocation. */
static PART void
reallocs(int n)
{
	void *volatile block = malloc(200);

	for (int i = 0; i < n; i++)
		block = realloc(block, 200 + i % 2);
	free(block);
}

static PART void *
thread_main(void *nothing)
{
	pair();
	return nothing;
}

static PART void
threads(int n)
{
	for (int i = 0; i < n; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, thread_main, NULL) != 0)
			abort();
		pthread_join(thread, NULL);
	}
}

static PART void right(uint32_t bits, int levels);

static PART void
left(uint32_t bits, int levels)
{
	if (levels == 0)
		pair();
	else if (bits & 1)
		right(bits >> 1, levels - 1);
	else
		left(bits >> 1, levels - 1);
	__asm__ volatile("");
}

static PART void
right(uint32_t bits, int levels)
{
	if (levels == 0)
		pair();
	else if (bits & 1)
		right(bits >> 1, levels - 1);
	else
		left(bits >> 1, levels - 1);
	__asm__ volatile("");
}

static uint32_t
draw(void)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return (uint32_t)(chance >> 32);
}

/* Few stacks, all of them known soon; each leaves the one before far out. */
static PART void
paths(int n)
{
	for (int i = 0; i < n; i++)
		left(draw() % 64 * 1021, BITS);
}

/* Many stacks: hardly one that has been before. */
static PART void
news(int n)
{
	for (int i = 0; i < n; i++)
		left(draw(), BITS);
}

static PART void
descend(int depth, void (*what)(int), int n)
{
	if (depth > 0)
		descend(depth - 1, what, n);
	else
		what(n);
	__asm__ volatile("");
}

static const struct scenario {
	const char *name;
	void (*what)(int);
	int depth, loops;
} scenarios[] = {
	{ "same-10", pairs, 10, LOOPS },
	{ "same-30", pairs, 30, LOOPS },
	{ "same-100", pairs, 100, LOOPS },
	{ "alternate-30", alternate, 30, LOOPS },
	{ "realloc-30", reallocs, 30, LOOPS },
	{ "paths-16", paths, 0, LOOPS },
	{ "new-16", news, 0, LOOPS },
	{ "thread", threads, 0, 200 },
	{ "pairs", pairs, 30, MANY },
	{ "callocs", callocs, 30, MANY },
	{ "reallocs", reallocs, 30, MANY },
};

static void
measure(const struct scenario *scenario)
{
	descend(scenario->depth, scenario->what, WARM);
	CALLGRIND_ZERO_STATS;
	descend(scenario->depth, scenario->what, scenario->loops);
	CALLGRIND_DUMP_STATS_AT(scenario->name);
	printf("%s %d\n", scenario->name, scenario->loops);
}

int
main(int count, char **names)
{
	for (int i = 1; i < count; i++) {
		if (strcmp(names[i], "--settle") == 0)
			descend(30, pairs, SETTLE);
		for (size_t k = 0; k < sizeof(scenarios) / sizeof(*scenarios); k++)
			if (strcmp(names[i], scenarios[k].name) == 0)
				measure(&scenarios[k]);
	}
	return 0;
}
