/*
 * Hazard: allocations before anything is ready: in an IFUNC resolver of the
 * executable, .preinit_array, a constructor of priority 101 (reliability 2).
 * Expected: 30 of 30 events, 10 of each, and the same again freed.
 */
#include <stdio.h>
#include <stdlib.h>

static void *blocks[30];
static int count;

static void
some(void)
{
	for (int i = 0; i < 10; i++)
		blocks[count++] = malloc(1000 + (size_t)count);
}

static int
real_answer(void)
{
	return 42;
}

static int (*resolve_answer(void))(void)
{
	/* Relocations may not be done: only what needs none. */
	for (int i = 0; i < 10; i++) {
		void *volatile p = malloc(500);

		(void)p;
	}
	return real_answer;
}

int answer(void) __attribute__((ifunc("resolve_answer")));

static void
preinit(int argc, char **argv, char **envp)
{
	(void)argc;
	(void)argv;
	(void)envp;
	some();
}

__attribute__((section(".preinit_array"), used)) static void (*preinit_entry)(
    int, char **, char **) = preinit;

__attribute__((constructor(101))) static void
constructor(void)
{
	some();
}

int
main(void)
{
	printf("%d %d\n", count, answer());
	for (int i = 0; i < count; i++)
		free(blocks[i]);
	return 0;
}
